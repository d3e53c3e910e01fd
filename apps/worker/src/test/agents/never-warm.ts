import { defineAgent } from "@parley/agent";
import { fakeLlm, fakeStt, fakeTts } from "@parley/testkit";

/** Its models never come. */
export default defineAgent({
  name: "never-warm",
  stt: fakeStt({ answers: () => "what time do you open" }),
  llm: fakeLlm({ answers: () => "We open at nine." }),
  tts: fakeTts(),
  vad: "energy",
  async prewarm() {
    await new Promise((resolve) => setTimeout(resolve, 500));
    throw new Error("the models did not come");
  },
});
