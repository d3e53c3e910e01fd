import { Readable } from "node:stream";
import type { RecordingRow } from "@parley/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import { HttpProblem } from "../http/problem.ts";
import { wantedRange } from "./ranges.ts";
import { readSealed } from "./sealing/chunks.ts";
import type { RecordingKeys } from "./sealing/keys.ts";
import type { ByteRange, RecordingStorage } from "./storage/storage.ts";

const STALLED_MS = 5 * 60_000;

export interface PlayOptions {
  storage: RecordingStorage;
  keys: RecordingKeys;
  /** How reading it went; null: it worked. */
  seen(error: string | null): void;
  /** Whoever takes nothing for so long is gone; a player comes back for the rest. Default 5 minutes. */
  stalledMs?: number;
}

/** Answers with a recording's sound, or the part of it that is asked for. Throws HttpProblem. */
export async function play(
  row: RecordingRow,
  request: FastifyRequest,
  reply: FastifyReply,
  options: PlayOptions,
): Promise<FastifyReply> {
  const { recordingId, bytes, version, contentType } = row;
  if (row.status !== "ready" || bytes === null) throw notReady(row);
  const etag = `"${recordingId}.${version}"`;
  const { range: asked, "if-range": ifRange, "if-none-match": ifNoneMatch } = request.headers;
  reply.headers({
    "cache-control": "private, no-cache",
    "accept-ranges": "bytes",
    etag,
    // Whatever it holds, it is no page of ours.
    "x-content-type-options": "nosniff",
    "content-disposition": `inline; filename="${recordingId}.ogg"`,
  });
  if (ifNoneMatch?.split(/, */).includes(etag)) return reply.code(304).send();
  const wanted = ifRange === undefined || ifRange === etag ? wantedRange(asked, bytes) : "whole";
  if (wanted === "none") {
    reply.header("content-range", `bytes */${bytes}`);
    throw new HttpProblem(416, "range-behind-end", `The recording has ${bytes} bytes.`);
  }
  const range = wanted === "whole" ? { start: 0, end: bytes } : wanted;
  const body = request.method === "HEAD" ? Readable.from([]) : await readRow(row, range, request, options);
  reply.raw.setTimeout(options.stalledMs ?? STALLED_MS, () => reply.raw.destroy());
  if (wanted !== "whole") reply.code(206).header("content-range", `bytes ${range.start}-${range.end - 1}/${bytes}`);
  return reply
    .header("content-length", range.end - range.start)
    .type(contentType)
    .send(body);
}

async function readRow(row: RecordingRow, range: ByteRange, request: FastifyRequest, options: PlayOptions) {
  const { storage, keys, seen } = options;
  const { recordingId, callId, object, sealedKey, bytes } = row;
  if (object === null || row.storage !== storage.name) {
    const detail = `The recording lies in ${row.storage}, which is not the storage of this server now.`;
    throw new HttpProblem(503, "recording-elsewhere", detail);
  }
  const broken = (error: Error) => {
    seen(error.message);
    request.log.error({ callId, recordingId, err: error }, "a recording could not be read");
  };
  try {
    const body =
      sealedKey === null
        ? await storage.read(object, range)
        : await readSealed(storage, object, {
            key: await keys.open(sealedKey, { callId, object }),
            bytes: bytes ?? 0,
            range,
          });
    seen(null);
    return body.on("error", broken);
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    broken(error as Error);
    // What the storage said is for the operator.
    const detail = "The recording cannot be read now; the server's log says why, under this request's id.";
    throw new HttpProblem(503, "recording-unreadable", detail, { "retry-after": "5" });
  }
}

function notReady({ status, error }: RecordingRow): HttpProblem {
  switch (status) {
    case "deleted":
      return new HttpProblem(404, "recording-deleted", "The recording was deleted.");
    case "failed":
      return new HttpProblem(404, "recording-failed", `There is no sound: ${error ?? "it failed"}`);
    default:
      return new HttpProblem(409, "recording-not-ready", "The recording is made when its call has ended: try again.", {
        "retry-after": "5",
      });
  }
}
