import { unlink } from "node:fs/promises";
import type { SegmentFile } from "./folder.ts";
import type { OpenedFile } from "./sealing.ts";

/** The server takes 1 MiB at once. */
const PIECE_BYTES = 512 * 1024;
const MOST_ANSWER_CHARS = 2_000;

export interface Recipient {
  url: string;
  key: string;
  /** For one piece. */
  timeoutMs: number;
}

export type Shipped =
  /** The server has it whole, or wants none of it: the file is gone. */
  | { outcome: "complete" | "erased" }
  /** It has this much; more will come. */
  | { outcome: "received"; offset: number }
  /** It can't be taken now. */
  | { outcome: "refused"; offset: number; why: string };

/** Sends what the server has not got of one file, piece by piece. Never rejects. */
export async function shipSegment(
  file: Pick<SegmentFile, "path" | "callId" | "epoch">,
  { sizeBytes, read }: OpenedFile,
  from: { offset: number; isFinal: boolean },
  to: Recipient,
): Promise<Shipped> {
  let { offset } = from;
  let corrections = 0;
  try {
    for (;;) {
      const piece = await read(offset, PIECE_BYTES);
      const isLast = from.isFinal && offset + piece.length >= sizeBytes;
      if (piece.length === 0 && !isLast) return { outcome: "received", offset };
      const { status, receivedBytes, text } = await put(file, offset, piece, isLast, to);
      if (status === 410 || (status === 200 && isLast && receivedBytes === sizeBytes)) {
        await unlink(file.path).catch(() => {});
        return { outcome: status === 410 ? "erased" : "complete" };
      }
      const isNews = receivedBytes !== null && receivedBytes >= 0 && receivedBytes <= sizeBytes;
      if (status === 409 && isNews && ++corrections <= 3) offset = receivedBytes;
      else if (status === 200 && isNews && receivedBytes > offset) offset = receivedBytes;
      else return { outcome: "refused", offset, why: `${status} ${text}`.trim() };
    }
  } catch (error) {
    return { outcome: "refused", offset, why: reasonOf(error) };
  }
}

async function put(
  { callId, epoch }: Pick<SegmentFile, "callId" | "epoch">,
  offset: number,
  body: Uint8Array<ArrayBuffer>,
  isLast: boolean,
  { url, key, timeoutMs }: Recipient,
): Promise<{ status: number; receivedBytes: number | null; text: string }> {
  const base = url.replace(/^ws/, "http").replace(/\/+$/, "");
  const response = await fetch(`${base}/uplink/recordings/${callId}/${epoch}?offset=${offset}`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/octet-stream",
      ...(isLast ? { "parley-final": "1" } : {}),
    },
    body,
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = (await response.text()).slice(0, MOST_ANSWER_CHARS);
  return { status: response.status, receivedBytes: receivedIn(text), text: text.slice(0, 300) };
}

function receivedIn(text: string): number | null {
  try {
    const { receivedBytes } = JSON.parse(text) as { receivedBytes?: unknown };
    return typeof receivedBytes === "number" && Number.isSafeInteger(receivedBytes) ? receivedBytes : null;
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : String(message ?? error);
}
