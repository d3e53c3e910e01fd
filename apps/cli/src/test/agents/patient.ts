import { defineAgent } from "@parley/agent";
import { fakeLlm, fakeStt, fakeTts } from "@parley/testkit";

/** As echo, but waits for whoever is gone. */
export default defineAgent({
  name: "patient",
  title: "The Echo",
  greeting: "Hello there.",
  stt: fakeStt({ answers: () => "what time do you open" }),
  llm: fakeLlm({ answers: () => "We open at nine." }),
  tts: fakeTts(),
  vad: "energy",
  behaviour: { closing: { graceMs: 30_000 } },
});
