import { defineAgent } from "@parley/agent";
import { receptionistPhrases } from "@parley/local";
import { fakeLlm } from "@parley/testkit";

/** Hears and speaks by the local providers; its model refuses whoever asks it to break. */
export default defineAgent({
  name: "measured",
  greeting: "Hello there.",
  stt: "local/pocketsphinx",
  llm: fakeLlm({
    answers({ messages }) {
      const last = messages.findLast(({ role }) => role === "user");
      return last?.role === "user" && last.text.includes("break")
        ? { fault: "unauthorised" }
        : { text: "We open at nine.", usage: { inputTokens: 30, outputTokens: 5 } };
    },
  }),
  tts: "local/flite",
  phrases: receptionistPhrases,
  behaviour: { closing: { graceMs: 500 } },
});
