/** Program: people who call, in one process. Its parent sends ToCallers and gets FromCallers. Argument: clips' folder. */
import { loadClips } from "@parley/bench/clips";
import { JoinGate } from "@parley/livekit";
import { Caller } from "./caller.ts";
import type { FromCallers, ToCallers } from "./messages.ts";

const JOINS_AT_ONCE = 2;

const { short, long } = await loadClips(process.argv[2] ?? "");
const gate = new JoinGate(JOINS_AT_ONCE);
const callers = new Map<string, Caller>();
const tell = (message: FromCallers): void => {
  if (process.connected) process.send?.(message, () => {});
};

process.on("message", (order: ToCallers) => {
  const { callId } = order;
  if (order.do === "chat") void callers.get(callId)?.chat(order.text);
  else if (order.do === "hang-up") {
    void callers.get(callId)?.leave();
    callers.delete(callId);
  } else {
    const { url, token, seed } = order;
    // One in three asks for a long answer.
    const clips = [...short, ...short.filter((_, i) => i % 2 === 0).map(() => long)];
    const caller = new Caller({ url, token, seed, clips, gate, tell: (event) => tell({ callId, event }) });
    callers.set(callId, caller);
    caller.live().catch((error) => tell({ callId, event: { type: "failed", message: String(error), at: Date.now() } }));
  }
});
process.once("disconnect", () => process.exit(0));
console.log("callers ready");
