import { encodeWav } from "@parley/audio";
import type { FormData } from "undici";
import type { TranscriptionHints } from "./defaults.ts";
import { webFetch } from "./undici.ts";

/** Ours: hints are to help, not to become the larger part of the request. */
const MOST_KEYWORDS = 100;
const LONGEST_KEYWORD = 80;
/** Whisper reads only the last 224 tokens of a prompt. */
const LONGEST_PROMPT = 600;

export interface TranscriptionFields {
  model: string;
  hints: TranscriptionHints;
  /** ISO 639-1, or empty: the model finds out. */
  language: string;
  phrases: readonly string[];
}

/** The multipart body of POST /audio/transcriptions (https://platform.openai.com/docs/api-reference/audio/createTranscription). */
export function transcriptionForm(fields: TranscriptionFields, samples: Int16Array, sampleRateHz: number): FormData {
  const form = new (webFetch().FormData)();
  form.set("model", fields.model);
  form.set("response_format", "json");
  if (fields.language !== "") form.set(fields.hints === "keywords" ? "languages[]" : "language", fields.language);
  if (fields.hints === "keywords") for (const keyword of keywords(fields.phrases)) form.append("keywords[]", keyword);
  else if (prompt(fields.phrases) !== "") form.set("prompt", prompt(fields.phrases));
  const wav = encodeWav(samples, sampleRateHz) as Uint8Array<ArrayBuffer>;
  form.set("file", new File([wav], "utterance.wav", { type: "audio/wav" }));
  return form;
}

/** `en-GB` as `en`; empty for what is no language code (`auto`, `multi`). */
export function iso639(language: string): string {
  return /^([a-z]{2,3})(?:[-_]|$)/i.exec(language.trim())?.[1]?.toLowerCase() ?? "";
}

/** Models of this kind, given (almost) silence, are known to say their prompt aloud. */
export function echoesPrompt(text: string, phrases: readonly string[]): boolean {
  const heard = plain(text);
  const hint = plain(prompt(phrases));
  return heard !== "" && hint.includes(" ") && heard === hint;
}

export function prompt(phrases: readonly string[]): string {
  let text = "";
  for (const phrase of unique(phrases)) {
    const longer = text === "" ? phrase : `${text}, ${phrase}`;
    if (longer.length > LONGEST_PROMPT) break;
    text = longer;
  }
  return text;
}

function keywords(phrases: readonly string[]): string[] {
  return unique(phrases)
    .filter((phrase) => phrase.length <= LONGEST_KEYWORD)
    .slice(0, MOST_KEYWORDS);
}

function unique(phrases: readonly string[]): string[] {
  return [...new Set(phrases.map((phrase) => phrase.replace(/\s+/g, " ").trim()))].filter((phrase) => phrase !== "");
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
