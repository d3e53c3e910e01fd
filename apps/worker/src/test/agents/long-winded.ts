import { defineAgent } from "@parley/agent";
import { fakeLlm, fakeStt, fakeTts } from "@parley/testkit";

const numbers = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split(" ");

/** Hears speech by its energy; answers with a long sentence. Asked to hang, its shard does; asked to crash, too. */
export default defineAgent({
  name: "long-winded",
  greeting: "Hello there.",
  stt: fakeStt({ answers: () => "please count" }),
  llm: fakeLlm({ answers: () => `${numbers.join(" ")}.` }),
  tts: fakeTts(),
  vad: "energy",
  behaviour: { closing: { graceMs: 4_000 } },
  on: {
    "text-received": ({ text }) => {
      if (text === "hang") for (;;);
      if (text === "crash") process.kill(process.pid, "SIGKILL");
    },
    "call-recovered": (_fact, call) => {
      // A call that breaks every process which runs it.
      if (call.context.metadata.poison === true) setTimeout(() => process.kill(process.pid, "SIGKILL"), 300);
    },
  },
});
