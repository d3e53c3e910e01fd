import { defineAgent } from "@parley/agent";
import { fakeLlm, fakeStt, fakeTts } from "@parley/testkit";

/** Its author forgot to catch. */
export default defineAgent({
  name: "stray",
  greeting: "Hello there.",
  stt: fakeStt({ answers: () => "what time do you open" }),
  llm: fakeLlm({ answers: () => "We open at nine." }),
  tts: fakeTts(),
  vad: "energy",
  behaviour: { closing: { graceMs: 500 } },
  onEnter() {
    setTimeout(() => {
      throw new Error("thrown in a timer");
    }, 10);
    void Promise.reject(new Error("rejected and left alone"));
  },
});
