import { defineAgent } from "@parley/agent";

/** Waits for no provider longer than 2.5 s, so that a test of hung ones takes no minutes. */
const PATIENCE_MS = 2_500;

export default defineAgent({
  name: "hurried",
  instructions: "Repeat what you are told.",
  greeting: "Hello there.",
  stt: "openai",
  llm: "openai",
  tts: "openai",
  timeouts: {
    sttMs: PATIENCE_MS,
    firstTokenMs: PATIENCE_MS,
    tokenMs: PATIENCE_MS,
    firstAudioMs: PATIENCE_MS,
    audioMs: PATIENCE_MS,
  },
  behaviour: { closing: { graceMs: 1000 } },
});
