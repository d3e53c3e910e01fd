import { defineAgent } from "@parley/agent";

/** Somebody to whom other agents hand their calls; its worker is its own. */
export default defineAgent({
  name: "sales",
  stt: "local/pocketsphinx",
  llm: "openai",
  tts: "local/flite",
  instructions: "SALES",
  greeting: "This is sales.",
});
