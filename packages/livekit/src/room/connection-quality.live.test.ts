import { RoomEvent } from "@livekit/rtc-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LiveServer, liveServer } from "../test/live-server.ts";
import { lossyLine } from "../test/lossy-line.ts";
import { closedAfterEach, parties } from "../test/parties.ts";
import { shareOf, tone } from "../test/tone.ts";

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

it("lowers the bitrate of the agent's voice in a pause: one track at a time, and nothing that is said meanwhile is lost", async () => {
  const { line, transport, sink, caller } = await meet("bitrate");
  const agent = () => caller.room.remoteParticipants.get("agent-x")!;
  const [before] = agent().trackPublications.keys();
  let most = 0;
  caller.room.on(RoomEvent.TrackPublished, () => {
    most = Math.max(most, agent().trackPublications.size);
  });
  transport.text.state("listening");
  const gone = new Promise<void>((resolve) => caller.room.once(RoomEvent.TrackUnpublished, () => resolve()));
  line.loss.up = 0.3;
  await sink.until(() => sink.has("connectionQuality", "ann", "poor"), 30_000);
  await gone;
  line.loss.up = 0;
  const began = performance.now();
  for (let n = 0; n < 20; n++) transport.out.write(tone(440, 50, 24_000));
  await caller.onset(began);
  await caller.quiet(500);
  expect(caller.hearing.loudMs(began)).toBeGreaterThan(900);
  expect(shareOf(440, caller.hearing.samples(began), 16_000)).toBeGreaterThan(0.8);
  expect([...agent().trackPublications.keys()]).not.toContain(before);
  expect(most).toBe(1);
}, 120_000);
