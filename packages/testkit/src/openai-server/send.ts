import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, apiError } from "./answer.ts";
import type { OpenAiEndpoint, OpenAiFault } from "./types.ts";

/** The answer that a fault puts in the place of the right one; undefined: the fault is in the sending, not in the answer. */
export function faultyAnswer(endpoint: OpenAiEndpoint, fault: OpenAiFault): Answer | undefined {
  switch (fault.kind) {
    case "garbage":
      return endpoint === "chat" && !fault.page ? brokenEvents() : webPage();
    case "rate-limited": {
      const headers: Record<string, string> =
        fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
      const message = "Rate limit reached for requests";
      return apiError(429, { message, type: "requests", code: "rate_limit_exceeded" }, headers);
    }
    case "error":
      return apiError(fault.status, { message: "The server had an error", type: "server_error" });
    default:
      return undefined;
  }
}

function brokenEvents(): Answer {
  const pieces = [Buffer.from('data: {"choices":[{"delta":\n\n')];
  return { status: 200, headers: { "content-type": "text/event-stream" }, pieces };
}

function webPage(): Answer {
  const pieces = [Buffer.from("<html><body>Welcome to the hotel's network</body></html>")];
  return { status: 200, headers: { "content-type": "text/html" }, pieces };
}

/** Sends an answer piece by piece, with the faults of the line. Resolves when nothing more will be sent. */
export async function send(
  res: ServerResponse,
  answer: Answer,
  { fault, pieceMs, closed }: { fault: OpenAiFault | null; pieceMs: number; closed: AbortSignal },
): Promise<void> {
  const breaks = fault?.kind === "cut" || fault?.kind === "stalled";
  const whole = answer.pieces.length;
  const betweenMs = fault?.kind === "slow" ? (fault.pieceMs ?? pieceMs) : pieceMs;
  // A single piece is broken inside; otherwise half of the pieces go out.
  const parts = whole > 1 || (!breaks && betweenMs === pieceMs) ? answer.pieces : answer.pieces.flatMap(halves);
  const pieces = breaks ? parts.slice(0, Math.ceil(parts.length / 2)) : parts;

  res.writeHead(answer.status, answer.headers);
  res.flushHeaders();
  for (const [index, piece] of pieces.entries()) {
    if (closed.aborted) return;
    if (index > 0 && betweenMs > 0) await sleep(betweenMs, undefined, { signal: closed }).catch(() => {});
    if (closed.aborted) return;
    if (!res.write(piece)) await once(res, "drain", { signal: closed }).catch(() => {});
  }
  if (fault?.kind === "stalled") return;
  if (fault?.kind === "cut") {
    // Let what was written reach the client first: a socket destroyed with unsent data says nothing at all.
    await new Promise<void>((resolve) => res.write("", () => setImmediate(resolve)));
    res.destroy();
    return;
  }
  res.end();
}

function halves(piece: Uint8Array): Uint8Array[] {
  const middle = Math.ceil(piece.length / 2);
  return [piece.subarray(0, middle), piece.subarray(middle)];
}
