import type { ConnectionQualityChange, ConnectionReading } from "@parley/engine";
import { expect, it } from "vitest";
import { scene } from "./harness.ts";

const reading = (quality: ConnectionReading["quality"]): ConnectionReading => ({
  quality,
  lossShare: 0.12,
  concealedShare: 0.03,
  jitterMs: 14,
  roundTripMs: null,
});
const story = Array.from({ length: 12 }, (_, n) => `This is sentence number ${n} of a long story.`).join(" ");

/** A caller who is told a long story. */
async function telling(hooks = {}) {
  const s = scene({ llm: { answers: [story] }, agent: { hooks } });
  await s.begin();
  s.caller.type("tell me a story");
  await s.clock.advance(2_000);
  return s;
}

it("writes a change into the log, tells the author, and replays to the same state", async () => {
  const told: ConnectionQualityChange[] = [];
  const s = scene({ agent: { hooks: { onConnectionQuality: (change) => void told.push(change) } } });
  await s.begin();
  const { participantId } = s.transport.participants()[0]!;
  s.transport.room.connectionQuality(participantId, reading("poor"));
  s.transport.room.connectionQuality(null, { ...reading("good"), roundTripMs: 40 });
  const own = { participantId: null, ...reading("good"), roundTripMs: 40 };
  expect(told).toEqual([{ participantId, ...reading("poor") }, own]);
  expect(s.log.facts.filter(({ type }) => type === "connection-quality-changed")).toMatchObject(told);
  expect(s.call.state.hearing.people[participantId]?.connection).toBe("poor");
  expect(s.differences()).toEqual([]);
});

it("goes on when the author's hook throws", async () => {
  const s = await telling({
    onConnectionQuality: () => {
      throw new Error("boom");
    },
  });
  s.transport.room.connectionQuality(null, reading("poor"));
  await s.clock.advance(60_000);
  expect(s.fact("error-occurred")).toMatchObject({ source: "hook:onConnectionQuality", error: { message: "boom" } });
  expect(s.count("turn-replied")).toBe(1);
});

it("keeps more in the transport's queue while a connection is poor, and as little as before afterwards", async () => {
  const s = await telling();
  const { participantId } = s.transport.participants()[0]!;
  const queued = () => s.transport.out.queuedMs();
  expect(queued()).toBeLessThanOrEqual(240);
  s.transport.room.connectionQuality(participantId, reading("good"));
  await s.clock.advance(500);
  expect(queued()).toBeLessThanOrEqual(240);
  s.transport.room.connectionQuality(participantId, reading("poor"));
  await s.clock.advance(500);
  expect(queued()).toBeGreaterThan(350);
  expect(s.transport.out.mostQueuedMs).toBeLessThanOrEqual(440);
  s.transport.room.connectionQuality(participantId, reading("good"));
  await s.clock.advance(500);
  expect(queued()).toBeLessThanOrEqual(240);
});

it("shortens its queue when whoever had the poor connection has left", async () => {
  const s = await telling();
  s.transport.room.participantJoined({
    participantId: "bob",
    name: "Bob",
    kind: "standard",
    metadata: null,
    attributes: {},
  });
  s.transport.room.connectionQuality("bob", reading("lost"));
  await s.clock.advance(500);
  expect(s.transport.out.queuedMs()).toBeGreaterThan(350);
  s.transport.room.participantLeft("bob", "left");
  await s.clock.advance(500);
  expect(s.transport.out.queuedMs()).toBeLessThanOrEqual(240);
});

it("is silenced as fast with the long queue, and knows what was heard", async () => {
  const s = await telling();
  s.transport.room.connectionQuality(null, reading("poor"));
  await s.clock.advance(1_000);
  const before = s.transport.out.playedMs();
  s.call.interrupt();
  expect(s.transport.out.queuedMs()).toBe(0);
  await s.clock.advance(2_000);
  expect(s.transport.out.playedMs()).toBe(before);
  const heardMs = s.log.facts.findLast((fact) => fact.type === "playback-stopped")!.heardMs;
  expect(Math.abs(heardMs - before)).toBeLessThan(1);
});

it("measures anew after a recovery", async () => {
  const first = await telling();
  first.transport.room.connectionQuality(null, reading("poor"));
  const facts = [...first.log.facts];
  const s = scene({ recovered: { facts, gapMs: 0, by: "test" }, llm: { answers: [story] } });
  expect(s.call.state.hearing.connection).toBe("excellent");
  await s.begin();
  expect(s.call.state.hearing.connection).toBe("excellent");
  await s.clock.advance(2_000);
  expect(s.transport.out.mostQueuedMs).toBeLessThanOrEqual(240);
  expect(s.differences()).toEqual([]);
});
