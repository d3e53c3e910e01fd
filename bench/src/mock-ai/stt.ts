import type { ServerResponse } from "node:http";
import { decodeWav } from "@parley/audio";
import { QUESTIONS, SHORT_QUESTIONS, textOf } from "../questions.ts";
import { now, sleep } from "../time.ts";
import { field, wavPart } from "./form.ts";
import { log } from "./log.ts";
import type { Heard, Recogniser } from "./recogniser.ts";
import { settings } from "./settings.ts";

/** Writes down the words that ended inside the sound; nothing when nobody knows it. Later ones are asked when earlier don't. */
export function transcription(recognisers: readonly Recogniser[]) {
  return async (body: Buffer, startedAt: number, res: ServerResponse): Promise<void> => {
    const receivedAt = now();
    const { samples, sampleRateHz } = decodeWav(wavPart(body));
    const totalMs = (samples.length / sampleRateHz) * 1000;
    const heard = firstOf(recognisers, (recogniser) => recogniser.hear(samples, sampleRateHz));
    const text = written(heard) || guessed(totalMs);
    const foundMs = now() - receivedAt;
    await sleep(Math.max(0, settings.sttMs - foundMs));
    const format = field(body, "response_format") ?? "json";
    res.setHeader("content-type", format === "text" ? "text/plain" : "application/json");
    if (format === "text") res.end(`${text}\n`);
    else res.end(JSON.stringify(format === "verbose_json" ? verbose(heard, text, totalMs) : { text }));
    const { isWhole = false, apartDb = null } = heard ?? {};
    log({ kind: "stt", startedAt, endedAt: now(), totalMs, foundMs, text, isWhole, apartDb });
  };
}

function firstOf<T, R>(list: readonly T[], find: (one: T) => R | null): R | null {
  for (const one of list) {
    const found = find(one);
    if (found !== null) return found;
  }
  return null;
}

/** With its sign only when the last word was heard. */
export function written(heard: Heard | null): string {
  if (heard === null) return "";
  const sign = heard.hasEnd ? QUESTIONS.find(({ name }) => name === heard.clip)?.sign : "";
  return `${heard.words.map(({ word }) => word).join(" ")}${sign ?? ""}`;
}

/** Where a busy machine's jitter buffers stretch the sound, no clip fits it, and only that something was said counts. */
function guessed(totalMs: number): string {
  const [question] = SHORT_QUESTIONS;
  return settings.guessFromMs > 0 && totalMs >= settings.guessFromMs && question ? textOf(question) : "";
}

function verbose(heard: Heard | null, text: string, totalMs: number) {
  const seconds = (ms: number) => Math.max(0, ms - (heard?.fromMs ?? 0)) / 1000;
  const words = (heard?.words ?? []).map(({ word, startMs, endMs }) => ({
    word,
    start: seconds(startMs),
    end: seconds(endMs),
  }));
  const segment = { id: 0, start: words[0]?.start, end: words.at(-1)?.end, text };
  const segments = words.length === 0 ? [] : [segment];
  return { task: "transcribe", language: "english", duration: totalMs / 1000, text, segments, words };
}
