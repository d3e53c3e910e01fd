export { FLITE_VOICES, type FliteVoice } from "./flite/synthesizer.ts";
export { type FliteTtsOptions, fliteTts } from "./flite/tts.ts";
