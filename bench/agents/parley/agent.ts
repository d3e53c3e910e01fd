import { defineAgent } from "@parley/agent";

/** The floor's agent as an author writes it. One pause of fixed length ends a turn, as in every other target. */
export default defineAgent({
  name: "bench",
  instructions: "You answer the phone of a shop.",
  greeting: "Hello, how can I help you today?",
  stt: "openai",
  llm: "openai",
  tts: "openai",
  behaviour: { endpointing: { policy: "fixed", minMs: Number(process.env.ENDPOINT_MS ?? 300) } },
});
