import { defineAgent } from "@parley/agent";
import { fakeLlm, fakeStt, fakeTts } from "@parley/testkit";

/** Answers with a tone, and is recorded when somebody wants it. */
export default defineAgent({
  name: "taped",
  greeting: "Hello there.",
  stt: fakeStt({ answers: () => "what time do you open" }),
  llm: fakeLlm({ answers: () => "We open at nine." }),
  tts: fakeTts(),
  vad: "energy",
  behaviour: { closing: { graceMs: 500 }, recording: { mode: "on-request" } },
});
