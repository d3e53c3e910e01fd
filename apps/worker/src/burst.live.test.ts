import { afterEach, beforeEach, expect, it } from "vitest";
import { type LiveWorkers, liveWorkers } from "./test/live-worker.ts";

let live: LiveWorkers;
beforeEach(async () => {
  live = await liveWorkers();
});
afterEach(() => live.close());

// No cap is set: load decides, and the joins of all of them use up the machine.
it.each([10, 20])("%i people who come in the same instant are all let in and greeted", async (count) => {
  const worker = await live.start("echo", { PARLEY_SHARDS: "2" });
  const rooms = Array.from({ length: count }, (_, index) => `burst-${index}`);
  const callers = await Promise.all(rooms.map((room) => live.call(worker.agentName, room, 60_000)));
  for (const caller of callers) {
    const said = () => [...caller.transcripts.values()].filter(({ final }) => final).map(({ text }) => text);
    await caller.until(() => said().includes("Hello there."), 10_000, "the whole greeting");
    expect(caller.agents).toHaveLength(1);
  }
  expect(worker.runningCalls).toBe(count);
  expect(live.callFiles()).toHaveLength(count);
});
