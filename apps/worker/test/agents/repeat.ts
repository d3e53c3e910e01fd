import { defineAgent } from "@parley/agent";

/** All its wits are behind OpenAI's protocol; `GRACE_MS`: how long it waits for who has left. */
export default defineAgent({
  name: "repeat",
  instructions: "Repeat what you are told.",
  greeting: "Hello there.",
  stt: "openai",
  llm: "openai",
  tts: "openai",
  behaviour: { closing: { graceMs: Number(process.env.GRACE_MS ?? 1000) } },
});
