export { FLITE_VOICES, type FliteVoice } from "./flite/synthesizer.ts";
export { type FliteTtsOptions, fliteTts } from "./flite/tts.ts";
export { type PocketSphinxOptions, pocketSphinxStt } from "./pocketsphinx/stt.ts";
export { type Business, GARDEN_CAFE, type OpenHours, type Weekday } from "./receptionist/business.ts";
export { type ReceptionistOptions, receptionistLlm } from "./receptionist/llm.ts";
export { receptionistPhrases } from "./receptionist/phrases.ts";
export { type InstallOptions, installLocalSpeech } from "./setup/install.ts";
export { localSpeechStatus, type SpeechPart } from "./setup/status.ts";
export { type SileroVad, type SileroVadOptions, sileroVad } from "./silero/index.ts";
