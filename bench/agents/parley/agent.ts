import { defineAgent } from "@parley/agent";

const { ENDPOINT_MS, SPECULATION } = process.env;

/** The floor's agent as an author writes it. With ENDPOINT_MS one pause of that length ends a turn, as in every other target. */
export default defineAgent({
  name: "bench",
  instructions: "You answer the phone of a shop.",
  greeting: "Hello, how can I help you today?",
  stt: "openai",
  llm: "openai",
  tts: "openai",
  behaviour: {
    ...(ENDPOINT_MS === undefined ? {} : { endpointing: { policy: "fixed", minMs: Number(ENDPOINT_MS) } }),
    ...(SPECULATION === "never" ? { speculation: { policy: "never" } } : {}),
  },
});
