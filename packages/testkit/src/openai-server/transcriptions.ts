import { decodeWav } from "@parley/audio";
import { type Answer, apiError, json, missing, Refusal } from "./answer.ts";
import type { OpenAiServerOptions } from "./types.ts";

/** OpenAI's own floor: shorter audio is answered with 400 `audio_too_short`. */
const SHORTEST_MS = 100;

/** POST /audio/transcriptions, multipart (https://platform.openai.com/docs/api-reference/audio/createTranscription). */
export async function transcriptions(form: FormData, options: OpenAiServerOptions): Promise<Answer> {
  const file = form.get("file");
  if (!(file instanceof File)) throw missing("file");
  if (!/\.(flac|mp3|mp4|mpeg|mpga|m4a|ogg|wav|webm)$/i.test(file.name)) {
    throw new Refusal(apiError(400, { message: "Invalid file format.", param: "file" }));
  }
  const wav = readWav(new Uint8Array(await file.arrayBuffer()));
  const durationMs = (wav.samples.length / wav.sampleRateHz) * 1000;
  if (durationMs < SHORTEST_MS) {
    const message = "Audio file is too short. Minimum audio length is 0.1 seconds.";
    throw new Refusal(apiError(400, { message, code: "audio_too_short", param: "file" }));
  }
  const format = text(form, "response_format") ?? "json";
  if (format !== "json" && format !== "text") {
    const message = `response_format '${format}' is not compatible with this model. Use 'json' or 'text' instead.`;
    throw new Refusal(apiError(400, { message, param: "response_format", code: "unsupported_value" }));
  }
  const language = text(form, "language");
  const request = {
    ...wav,
    model: text(form, "model") ?? "",
    languages: language === null ? form.getAll("languages[]").map(String) : [language],
    prompt: text(form, "prompt"),
    keywords: form.getAll("keywords[]").map(String),
  };
  const heard = await (options.transcribe?.(request) ?? `${Math.round(durationMs)} ms of audio`);
  if (format === "text") {
    return { status: 200, headers: { "content-type": "text/plain" }, pieces: [Buffer.from(`${heard}\n`)] };
  }
  return json({ text: heard, usage: { type: "duration", seconds: Math.ceil(durationMs / 1000) } });
}

function text(form: FormData, name: string): string | null {
  const value = form.get(name);
  return typeof value === "string" && value !== "" ? value : null;
}

function readWav(bytes: Uint8Array) {
  try {
    return decodeWav(bytes);
  } catch {
    const message = "Audio file might be corrupted or unsupported";
    throw new Refusal(apiError(400, { message, code: "invalid_value", param: "file" }));
  }
}
