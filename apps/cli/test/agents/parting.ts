import { existsSync, writeFileSync } from "node:fs";
import { defineAgent } from "@parley/agent";
import { fakeLlm } from "@parley/testkit";

/** Learns of its caller at the end; with `diesAt` in the call's metadata its process dies over it, once. */
export default defineAgent({
  name: "parting",
  greeting: "Hello there.",
  stt: "local/pocketsphinx",
  llm: fakeLlm({ answers: () => ({ text: "Fine." }) }),
  tts: "local/flite",
  onExit(call, reason) {
    const { calls = 0 } = call.userContext.get();
    call.userContext.update({ calls: Number(calls) + 1, lastEnd: reason });
    const { diesAt } = call.context.metadata;
    if (typeof diesAt !== "string" || existsSync(diesAt)) return;
    writeFileSync(diesAt, "");
    process.kill(process.pid, "SIGKILL");
  },
  behaviour: { closing: { graceMs: 500 } },
});
