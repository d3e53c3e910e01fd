import { defineAgent } from "@parley/agent";
import { fakeLlm, fakeStt, fakeTts } from "@parley/testkit";

/** Its models take as long as that. */
export const slowAgent = (name: string, loadingMs: number) =>
  defineAgent({
    name,
    greeting: "Hello there.",
    stt: fakeStt({ answers: () => "what time do you open" }),
    llm: fakeLlm({ answers: () => "We open at nine." }),
    tts: fakeTts(),
    vad: "energy",
    behaviour: { closing: { graceMs: 500 } },
    async prewarm() {
      await new Promise((resolve) => setTimeout(resolve, loadingMs));
    },
  });
