/**
 * Every model id this package knows, and what follows from an id; nothing else in the house names one. OpenAI retires
 * ids often: set OPENAI_LLM_MODEL, OPENAI_STT_MODEL, OPENAI_TTS_MODEL, OPENAI_TTS_VOICE rather than change code.
 * Dates and successors: https://developers.openai.com/api/docs/deprecations
 */
export const openaiDefaults = {
  baseUrl: "https://api.openai.com/v1",
  llmModel: "gpt-6-luna",
  sttModel: "gpt-transcribe",
  /** Ends on 6 January 2027; OpenAI names no successor for its speech endpoint, compatible servers have their own ids. */
  ttsModel: "gpt-4o-mini-tts",
  ttsVoice: "alloy",
} as const;

/**
 * How much a model should think before it speaks: as little as it can, a caller waits. Undefined for ids that are not
 * known to take the setting (compatible servers may answer 400 to it). Tools in chat completions need `none` from
 * GPT-6 on.
 */
export function reasoningFor(model: string): "none" | "minimal" | undefined {
  const version = /^gpt-(\d+)(?:\.(\d+))?(?!.*chat)/.exec(model);
  if (version === null) return undefined;
  const [major, minor] = [Number(version[1]), Number(version[2] ?? 0)];
  if (major < 5) return undefined;
  return major === 5 && minor === 0 ? "minimal" : "none";
}

/** `languages[]` and `keywords[]`, or the older `language` and `prompt` that every compatible server knows. */
export type TranscriptionHints = "keywords" | "prompt";

export function hintsFor(model: string): TranscriptionHints {
  return /^gpt-(live-)?transcribe(-|$)/.test(model) ? "keywords" : "prompt";
}
