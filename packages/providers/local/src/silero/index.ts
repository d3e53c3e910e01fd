export { sileroModelPath } from "./model.ts";
export { type SileroVad, type SileroVadOptions, sileroVad } from "./vad.ts";
