export { openaiDefaults } from "./defaults.ts";
export { type OpenAiLlmOptions, openaiLlm } from "./llm.ts";
export { type OpenAiSttOptions, openaiStt } from "./stt.ts";
export { type OpenAiTtsOptions, openaiTts } from "./tts.ts";
