export { type SileroVad, type SileroVadOptions, sileroVad } from "./vad.ts";
