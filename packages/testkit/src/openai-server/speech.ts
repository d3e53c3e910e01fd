import { encodeWav, resample } from "@parley/audio";
import { tone } from "../speech/sounds.ts";
import { type Answer, apiError, missing, Refusal } from "./answer.ts";
import type { OpenAiServerOptions, SpeechRequest } from "./types.ts";

const RATE_HZ = 24_000;
/** Odd on purpose: a sample is split over two pieces, as it is on a real line. */
const PIECE_BYTES = 4095;
const LONGEST_INPUT = 4096;

/** POST /audio/speech (https://platform.openai.com/docs/api-reference/audio/createSpeech); pcm and wav. */
export async function speech(body: Record<string, unknown>, options: OpenAiServerOptions): Promise<Answer> {
  if (typeof body.input !== "string" || body.input === "") throw missing("input");
  if (typeof body.voice !== "string") throw missing("voice");
  if (body.input.length > LONGEST_INPUT) {
    throw new Refusal(apiError(400, { message: "Input is longer than 4096 characters.", param: "input" }));
  }
  const format = body.response_format ?? "mp3";
  if (format !== "pcm" && format !== "wav") {
    throw new Refusal(apiError(400, { message: "This test server makes pcm and wav.", param: "response_format" }));
  }
  const request: SpeechRequest = {
    model: String(body.model),
    voice: body.voice,
    input: body.input,
    speed: typeof body.speed === "number" ? body.speed : 1,
    instructions: typeof body.instructions === "string" ? body.instructions : null,
  };
  const made = (await options.speak?.(request)) ?? tone(request.input.length * 60, RATE_HZ);
  const { samples, sampleRateHz } = made instanceof Int16Array ? { samples: made, sampleRateHz: RATE_HZ } : made;
  const at24k = sampleRateHz === RATE_HZ ? samples : resample(samples, sampleRateHz, RATE_HZ);
  const bytes =
    format === "wav"
      ? encodeWav(at24k, RATE_HZ)
      : new Uint8Array(at24k.buffer, at24k.byteOffset, at24k.byteLength).slice();
  return { status: 200, headers: { "content-type": `audio/${format}` }, pieces: pieces(bytes) };
}

function pieces(bytes: Uint8Array): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) list.push(bytes.subarray(at, at + PIECE_BYTES));
  return list;
}
