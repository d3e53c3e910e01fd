import { afterAll, beforeAll, expect, it } from "vitest";
import { closedAfterEach, parties, sharedServer } from "../test/parties.ts";
import { loudMs, tone } from "../test/tone.ts";
import { liveServerWithTurn } from "../test/turn-server.ts";

const plain = sharedServer();
let relaying: Awaited<ReturnType<typeof liveServerWithTurn>>;
beforeAll(async () => {
  relaying = await liveServerWithTurn();
});
afterAll(() => relaying?.remove());
const { agentIn, callerIn } = parties(closedAfterEach());

const connectTimeoutMs = 6_000;

it("takes the TURN server that LiveKit names: an agent that may only be relayed speaks and hears", async () => {
  const { transport, sink } = await agentIn(relaying.url, "relayed", { ice: { servers: [], relayOnly: true } });
  const caller = await callerIn(relaying.url, "relayed");
  await sink.sees("listenerReady", "ann");
  await sink.sees("trackSubscribed", "ann", "audio", "microphone");
  const began = performance.now();
  for (let n = 0; n < 40; n += 1) transport.out.write(tone(440, 20, 24_000));
  await caller.onset(began);
  await caller.speak(tone(700, 1_500, 16_000), 16_000);
  await sink.until(() => loudMs(sink.heard("ann", began)) > 500);
});

it("does not get in directly where it may only be relayed and LiveKit names no TURN server", async () => {
  const ice = { servers: [], relayOnly: true };
  await expect(agentIn(plain.url, "direct", { ice, connectTimeoutMs })).rejects.toMatchObject({ category: "timeout" });
});

it("takes servers of its own instead of LiveKit's", async () => {
  const servers = [{ urls: ["turn:127.0.0.1:9?transport=udp"], username: "u", credential: "c" }];
  const ours = { ice: { servers, relayOnly: true }, connectTimeoutMs };
  await expect(agentIn(relaying.url, "ours", ours)).rejects.toMatchObject({ category: "timeout" });
  // Which of them are named does not matter to who can go without.
  const { sink } = await agentIn(relaying.url, "either", { ice: { servers, relayOnly: false } });
  await callerIn(relaying.url, "either");
  await sink.sees("listenerReady", "ann");
});
