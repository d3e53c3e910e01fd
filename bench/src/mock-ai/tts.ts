import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { now, sleep } from "../time.ts";
import { log } from "./log.ts";
import { settings } from "./settings.ts";

const RATE_HZ = 24_000;
/** One second of 440 Hz: whole periods, so it can be repeated without a click. */
const SECOND = Buffer.alloc(RATE_HZ * 2);
for (let i = 0; i < RATE_HZ; i++) {
  SECOND.writeInt16LE(Math.round(settings.amplitude * Math.sin((2 * Math.PI * 440 * i) / RATE_HZ)), i * 2);
}
const PIECE_BYTES = RATE_HZ / 2;
const PIECE_MS = 5;

/** A tone as long as the text: 24 kHz PCM in pieces of 0.25 s, about fifty times faster than real time. */
export async function speak(body: Buffer, startedAt: number, res: ServerResponse): Promise<void> {
  const receivedAt = now();
  const { input, response_format } = JSON.parse(body.toString()) as { input: string; response_format?: string };
  if (response_format !== "pcm") throw new Error(`the mock speaks pcm, not ${response_format}`);
  const gone = new AbortController();
  res.on("close", () => gone.abort());
  await sleep(Math.max(0, settings.ttsMs - (now() - receivedAt)));
  res.setHeader("content-type", "audio/pcm");
  const firstAt = now();
  let left = Math.round((input.length * settings.charMs * RATE_HZ) / 1000) * 2;
  for (let at = 0; left > 0 && !gone.signal.aborted; ) {
    const piece = SECOND.subarray(at, Math.min(at + Math.min(left, PIECE_BYTES), SECOND.length));
    if (!res.write(piece)) await once(res, "drain", { signal: gone.signal }).catch(() => {});
    left -= piece.length;
    at = (at + piece.length) % SECOND.length;
    if (left > 0) await sleep(PIECE_MS);
  }
  const aborted = gone.signal.aborted;
  if (!aborted) res.end();
  log({ kind: "tts", startedAt, firstAt, endedAt: now(), chars: input.length, aborted });
}
