export * from "./openai-server/index.ts";
export { type SpeechClipOptions, speechClip } from "./speech/clip.ts";
export type { FliteVoice } from "./speech/flite.ts";
export { mix, noise, randomFrom, silence, tone } from "./speech/sounds.ts";
