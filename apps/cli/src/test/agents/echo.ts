import { defineAgent } from "@parley/agent";
import { fakeLlm, fakeStt, fakeTts } from "@parley/testkit";

/** Hears speech by its energy, understands always the same, answers with a tone. */
export default defineAgent({
  name: "echo",
  title: "The Echo",
  greeting: "Hello there.",
  stt: fakeStt({ answers: () => "what time do you open" }),
  llm: fakeLlm({ answers: () => "We open at nine." }),
  tts: fakeTts(),
  vad: "energy",
  behaviour: { closing: { graceMs: 500 } },
});
