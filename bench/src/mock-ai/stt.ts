import type { ServerResponse } from "node:http";
import { now, sleep } from "../time.ts";
import { log } from "./log.ts";
import { settings } from "./settings.ts";

const VOICED_RMS = 300;
let count = 0;

/** Understands the length of what was said: the short question or the long one, numbered. */
export async function transcribe(body: Buffer, startedAt: number, res: ServerResponse): Promise<void> {
  const receivedAt = now();
  const { voicedMs, totalMs } = voiced(body);
  count++;
  const text =
    voicedMs > settings.longClipMs
      ? `Please tell me a very long story about the harbour, number ${count}.`
      : `What time do you open tomorrow morning, number ${count}?`;
  await sleep(Math.max(0, settings.sttMs - (now() - receivedAt)));
  res.setHeader("content-type", "application/json");
  res.end(JSON.stringify({ text, language: "en", duration: totalMs / 1000 }));
  log({ kind: "stt", startedAt, endedAt: now(), voicedMs, totalMs });
}

/** Of a 16-bit WAV inside a multipart body, in windows of 20 ms. */
function voiced(body: Buffer): { voicedMs: number; totalMs: number } {
  const riff = body.indexOf("RIFF");
  const data = riff < 0 ? -1 : body.indexOf("data", riff);
  if (data < 0) return { voicedMs: 0, totalMs: 0 };
  const channels = body.readUInt16LE(riff + 22);
  const rateHz = body.readUInt32LE(riff + 24);
  const start = data + 8;
  const stated = body.readUInt32LE(data + 4);
  const size = stated === 0xffffffff || start + stated > body.length ? body.length - start : stated;
  const window = Math.floor(rateHz / 50) * channels;
  const samples = Math.floor(size / 2);
  let voicedMs = 0;
  for (let i = 0; i + window <= samples; i += window) {
    let sum = 0;
    for (let j = 0; j < window; j += 2) sum += body.readInt16LE(start + (i + j) * 2) ** 2;
    if (Math.sqrt(sum / (window / 2)) > VOICED_RMS) voicedMs += 20;
  }
  return { voicedMs, totalMs: (samples / channels / rateHz) * 1000 };
}
