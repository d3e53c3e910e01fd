import { afterAll, beforeAll, expect, it } from "vitest";
import { type LiveServer, liveServer } from "../test/live-server.ts";
import { lossyLine } from "../test/lossy-line.ts";
import { closedAfterEach, parties } from "../test/parties.ts";
import { tone } from "../test/tone.ts";

const onEnd = closedAfterEach();
const { agentIn, callerIn } = parties(onEnd);
let server: LiveServer;
beforeAll(async () => {
  server = await liveServer();
});
afterAll(() => server.remove());

/** A caller who speaks all the time, and whose way to the server loses what it is told to. */
async function meet(room: string) {
  const line = await lossyLine(server);
  onEnd(() => line.close());
  const { transport, sink } = await agentIn(server.url, room);
  const caller = await callerIn(line.url, room);
  await sink.sees("listenerReady", "ann");
  let over = false;
  onEnd(() => {
    over = true;
  });
  void (async () => {
    while (!over) await caller.speak(tone(700, 1_000, 16_000), 16_000);
  })();
  return { line, transport, sink, caller };
}

const of = (participantId: string | null) => (told: { participantId: string | null }) =>
  told.participantId === participantId;

it("tells of a caller whose voice comes with holes, with what was lost, and when it is whole again", async () => {
  const { line, sink } = await meet("up");
  // All sound goes through the line: this is no test of a way around it.
  expect(line.carried.up).toBeGreaterThan(50);
  line.loss.up = 0.3;
  await sink.until(() => sink.has("connectionQuality", "ann", "poor"), 30_000);
  const told = sink.connections.findLast(of("ann"))!;
  expect(told.lossShare).toBeGreaterThan(0.1);
  expect(told.lossShare).toBeLessThan(0.5);
  line.loss.up = 0;
  const before = sink.connections.length;
  await sink.until(() => sink.connections.slice(before).some(of("ann")), 90_000);
  expect(["good", "excellent"]).toContain(sink.connections.findLast(of("ann"))!.quality);
  // The agent's own connection was well all the time.
  expect(sink.connections.filter(of(null)).filter(({ quality }) => quality === "poor")).toEqual([]);
}, 180_000);

it("takes the server's word for a caller who hears the agent with holes", async () => {
  const { line, transport, sink } = await meet("down");
  const speaking = setInterval(() => {
    while (transport.out.queuedMs() < 200) transport.out.write(tone(440, 40, 24_000));
  }, 40);
  onEnd(() => clearInterval(speaking));
  line.loss.down = 0.5;
  await sink.until(() => sink.has("connectionQuality", "ann", "poor"), 60_000);
  // Nothing was lost of her own voice, nor between the agent and the server.
  expect(sink.connections.findLast(of("ann"))?.lossShare).toBeLessThan(0.05);
  expect(sink.connections.filter(of(null)).filter(({ quality }) => quality !== "excellent")).toEqual([]);
}, 120_000);
