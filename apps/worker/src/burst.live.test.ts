import { JoinGate, mintToken, roomApi, SimulatedCaller } from "@parley/livekit";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type LiveWorkers, liveWorkers } from "./test/live-worker.ts";

let live: LiveWorkers;
const callers: SimulatedCaller[] = [];
beforeEach(async () => {
  live = await liveWorkers();
});
afterEach(async () => {
  await Promise.all(callers.splice(0).map((caller) => caller.leave()));
  await live.close();
});

const greeted = ({ transcripts }: SimulatedCaller) =>
  [...transcripts.values()].some(({ text, final }) => final && text === "Hello there.");

// No cap is set: load decides, and the joins of all of them use up the machine.
it.each([10, 20])("%i people who come in the same instant are all let in and greeted", async (count) => {
  const worker = await live.start("echo", { PARLEY_SHARDS: "2" });
  const { LIVEKIT_URL: url = "", LIVEKIT_API_KEY: apiKey = "", LIVEKIT_API_SECRET: apiSecret = "" } = live.env;
  const api = roomApi({ url, apiKey, apiSecret });
  // The people share this process with the test: their own joins are not to be in each other's way.
  const joinGate = new JoinGate(2);
  const rooms = Array.from({ length: count }, (_, index) => `burst-${index}`);
  const agents = (callId: string) => [{ agentName: worker.agentName, metadata: JSON.stringify({ callId }) }];
  const made = Promise.all(rooms.map((name) => api.createRoom({ name, agents: agents(name) })));
  const ears = await Promise.all(
    rooms.map(async (room) => {
      const token = await mintToken({ apiKey, apiSecret, room, identity: `caller-of-${room}` });
      const caller = await SimulatedCaller.join({ url, token, joinGate });
      callers.push(caller);
      return caller;
    }),
  );
  await made;
  await Promise.all(ears.map((caller) => caller.until(() => greeted(caller), 60_000, "the whole greeting")));
  expect(worker.runningCalls).toBe(count);
  expect(live.callFiles()).toHaveLength(count);
  for (const caller of ears) expect(caller.agents).toHaveLength(1);
});
