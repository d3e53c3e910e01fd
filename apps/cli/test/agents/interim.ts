import { defineAgent } from "@parley/agent";
import { fakeLlm, fakeStt, fakeTts } from "@parley/testkit";

/** Understands a little more with each part of a second. */
export default defineAgent({
  name: "interim",
  greeting: "Hello there.",
  stt: fakeStt({
    answers: () => ({
      text: "what time do you open",
      interims: [
        { afterMs: 300, text: "what" },
        { afterMs: 700, text: "what time do" },
      ],
    }),
  }),
  llm: fakeLlm({ answers: () => "We open at nine." }),
  tts: fakeTts(),
  vad: "energy",
  behaviour: { closing: { graceMs: 500 } },
});
