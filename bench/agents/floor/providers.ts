import { encodeWav } from "@parley/audio";

/** The three HTTP requests of a turn, as plain as they can be. */
const base = process.env.OPENAI_BASE_URL;
const json = (body: object, signal: AbortSignal) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
  signal,
});

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export async function transcribe(samples: Int16Array, sampleRateHz: number, signal: AbortSignal): Promise<string> {
  const form = new FormData();
  const wav = encodeWav(samples, sampleRateHz) as Uint8Array<ArrayBuffer>;
  form.set("file", new Blob([wav], { type: "audio/wav" }), "a.wav");
  form.set("model", "mock");
  const response = await fetch(`${base}/audio/transcriptions`, { method: "POST", body: form, signal });
  return ((await response.json()) as { text: string }).text;
}

/** Text as it comes. */
export async function* think(messages: ChatMessage[], signal: AbortSignal): AsyncGenerator<string> {
  const response = await fetch(`${base}/chat/completions`, json({ model: "mock", stream: true, messages }, signal));
  let rest = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    rest += part;
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const line = rest.slice("data: ".length, end);
      rest = rest.slice(end + 2);
      const text = line === "[DONE]" ? "" : JSON.parse(line).choices[0]?.delta?.content;
      if (text) yield text;
    }
  }
}

/** 24 kHz mono PCM. */
export function speech(input: string, signal: AbortSignal): Promise<Response> {
  const body = { model: "mock", voice: "mock", input, response_format: "pcm" };
  return fetch(`${base}/audio/speech`, json(body, signal));
}
