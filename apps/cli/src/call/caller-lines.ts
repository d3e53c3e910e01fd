import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { AudioFormatError, decodeWav, resample } from "@parley/audio";
import { HEARING_RATE_HZ, ParleyError } from "@parley/engine";
import type { CallerLine } from "./converse.ts";

/** A recording as the caller's microphone would give it. @throws ParleyError naming the file and what is wrong. */
export function readWav(path: string): CallerLine {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const message = `--wav ${path}: cannot be read (${(cause as Error).message})`;
    throw new ParleyError(message, { code: "wav-unreadable", category: "configuration", cause });
  }
  try {
    const { samples, sampleRateHz } = decodeWav(bytes);
    return { kind: "wav", name: basename(path), samples: resample(samples, sampleRateHz, HEARING_RATE_HZ) };
  } catch (cause) {
    if (!(cause instanceof AudioFormatError)) throw cause;
    throw new ParleyError(`--wav ${path}: ${cause.message}`, { code: "wav-invalid", category: "configuration", cause });
  }
}

/** What a person types, line by line, until the end of input or `/quit`. */
export async function* typedLines(input: NodeJS.ReadableStream, over: AbortSignal): AsyncGenerator<CallerLine> {
  const reader = createInterface({ input, terminal: false, signal: over });
  for await (const line of reader) {
    const text = line.trim();
    if (text === "/quit") return;
    if (text !== "") yield { kind: "text", text };
  }
}
