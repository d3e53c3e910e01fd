import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { encodeWav } from "@parley/audio";
import { now, sleep } from "../time.ts";
import { log } from "./log.ts";
import type { Replies } from "./replies.ts";
import { settings } from "./settings.ts";
import { TONE_HZ, type Understood } from "./tones.ts";

const RATE_HZ = 24_000;
const PIECE_BYTES = RATE_HZ / 2;
const PIECE_MS = 5;
/** OpenAI's own limit. */
const MOST_CHARS = 4096;

/** One second of each: whole periods, so it can be repeated without a click. */
const SECONDS: Record<Understood, Buffer> = {
  whole: second(TONE_HZ.whole),
  cut: second(TONE_HZ.cut),
  unknown: second(TONE_HZ.unknown),
};

/**
 * A tone as long as the text, of the pitch of what it answers: 24 kHz PCM in pieces of 0.25 s, about fifty times faster
 * than real time. As WAV when asked for it, raw for any other format.
 */
export function speech(replies: Replies) {
  return async (body: Buffer, startedAt: number, res: ServerResponse): Promise<void> => {
    const receivedAt = now();
    const { input, response_format }: { input?: unknown; response_format?: string } = JSON.parse(body.toString());
    if (typeof input !== "string" || input.length > MOST_CHARS)
      throw new Error(`input: a text of ${MOST_CHARS} at most`);
    const gone = new AbortController();
    res.on("close", () => gone.abort());
    const understood = replies.understoodBy(input);
    const tone = SECONDS[understood];
    await sleep(Math.max(0, settings.ttsMs - (now() - receivedAt)));
    const isWav = response_format === "wav";
    res.setHeader("content-type", isWav ? "audio/wav" : "audio/pcm");
    const firstAt = now();
    let left = Math.round((input.length * settings.charMs * RATE_HZ) / 1000) * 2;
    if (isWav) res.write(wavHeader(left));
    for (let at = 0; left > 0 && !gone.signal.aborted; ) {
      const piece = tone.subarray(at, Math.min(at + Math.min(left, PIECE_BYTES), tone.length));
      if (!res.write(piece)) await once(res, "drain", { signal: gone.signal }).catch(() => {});
      left -= piece.length;
      at = (at + piece.length) % tone.length;
      if (left > 0) await sleep(PIECE_MS);
    }
    const aborted = gone.signal.aborted;
    if (!aborted) res.end();
    log({ kind: "tts", startedAt, firstAt, endedAt: now(), chars: input.length, understood, aborted });
  };
}

function second(hz: number): Buffer {
  const sound = Buffer.alloc(RATE_HZ * 2);
  for (let i = 0; i < RATE_HZ; i++) {
    sound.writeInt16LE(Math.round(settings.amplitude * Math.sin((2 * Math.PI * hz * i) / RATE_HZ)), i * 2);
  }
  return sound;
}

function wavHeader(bytes: number): Buffer {
  const header = Buffer.from(encodeWav(new Int16Array(0), RATE_HZ));
  header.writeUInt32LE(header.length - 8 + bytes, 4);
  header.writeUInt32LE(bytes, header.length - 4);
  return header;
}
