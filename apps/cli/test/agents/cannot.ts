import { defineAgent } from "@parley/agent";

/** It can go on with no call that does not say its plan. */
export default defineAgent({
  name: "cannot",
  stt: "local/pocketsphinx",
  llm: "openai",
  tts: "local/flite",
  instructions: "The plan is {{metadata.plan}}.",
});
