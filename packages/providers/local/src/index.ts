export { FLITE_VOICES, type FliteVoice } from "./flite/synthesizer.ts";
export { type FliteTtsOptions, fliteTts } from "./flite/tts.ts";
export { type Business, GARDEN_CAFE, type OpenHours, type Weekday } from "./receptionist/business.ts";
export { type ReceptionistOptions, receptionistLlm } from "./receptionist/llm.ts";
export { receptionistPhrases } from "./receptionist/phrases.ts";
export { type SileroVad, type SileroVadOptions, sileroVad } from "./silero/index.ts";
