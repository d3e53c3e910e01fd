import { defineAgent } from "@parley/agent";
import { fakeLlm } from "@parley/testkit";

/** Greets whom it knows by name, and keeps what callers type. */
export default defineAgent({
  name: "remembering",
  greeting: "Hello {{metadata.context.name}}.",
  stt: "local/pocketsphinx",
  llm: fakeLlm({ answers: () => ({ text: "I will keep that." }) }),
  tts: "local/flite",
  onUserTurnCompleted({ text }, call) {
    call.userContext.update({ words: text, order: call.context.metadata.order });
  },
  behaviour: { closing: { graceMs: 500 } },
});
