import { virtualClock } from "@parley/testkit";
import { expect, it } from "vitest";
import { ConnectionWatch } from "./connection-watch.ts";
import type { Outbound } from "./track-stats.ts";

const EVERY_MS = 2_500;

function watching() {
  const clock = virtualClock();
  const told: string[] = [];
  const readings: object[] = [];
  let asked = 0;
  let outbound: Outbound | null = null;
  const watch = new ConnectionWatch({
    everyMs: EVERY_MS,
    clock,
    outbound: async () => {
      asked++;
      return outbound;
    },
    onChange(participantId, { quality, ...reading }) {
      told.push(`${participantId} ${quality}`);
      readings.push(reading);
    },
  });
  const counts = { packetsReceived: 0, packetsLost: 0, jitterMs: 4, samples: 0, concealedSamples: 0 };
  return {
    clock,
    watch,
    told,
    readings,
    asked: () => asked,
    server: (says: Outbound | null) => {
      outbound = says;
    },
    /** So much of ann's voice is counted in each of so many looks. */
    async hears(looks: number, received: number, lost: number, trackId = "t1") {
      for (let n = 0; n < looks; n++) {
        counts.packetsReceived += received;
        counts.packetsLost += lost;
        counts.samples += 120_000;
        // Half of what is lost is restored.
        counts.concealedSamples += lost * 480;
        watch.heard("ann", trackId, { ...counts });
        await clock.advance(EVERY_MS);
      }
    },
    counts,
  };
}

it("tells of somebody whose voice comes with holes, with what was measured, and when it is whole again", async () => {
  const it = watching();
  it.watch.joined("ann");
  await it.hears(3, 125, 0);
  await it.hears(4, 100, 25);
  expect(it.told).toEqual(["ann poor"]);
  expect(it.readings).toEqual([{ lossShare: 0.2, concealedShare: 0.1, jitterMs: 4, roundTripMs: null }]);
  await it.hears(8, 125, 0);
  expect(it.told).toEqual(["ann poor", "ann excellent"]);
  expect(it.readings[1]).toEqual({ lossShare: 0, concealedShare: 0, jitterMs: 4, roundTripMs: null });
});

it("does not take a packet or two, lost in silence, for a bad connection", async () => {
  const it = watching();
  it.watch.joined("ann");
  for (let packetsSent = 6; packetsSent < 120; packetsSent += 6) {
    it.server({ packetsSent, fractionLost: 0.5, jitterMs: 2, roundTripMs: 12 });
    await it.hears(1, 5, 1);
  }
  expect(it.told).not.toContain("ann poor");
  expect(it.told).not.toContain("null poor");
});

it("does not count a new track against the old one, nor what comes before somebody is there", async () => {
  const it = watching();
  it.watch.heard("ann", "t1", { ...it.counts, packetsLost: 900 });
  it.watch.joined("ann");
  await it.hears(3, 125, 0);
  Object.assign(it.counts, { packetsReceived: 40, packetsLost: 60 });
  await it.hears(1, 125, 0, "t2");
  Object.assign(it.counts, { packetsReceived: 40, packetsLost: 600 });
  await it.hears(6, 125, 0, "t3");
  expect(it.told).toEqual([]);
});

it("takes the server's word, and that nothing arrives any more", async () => {
  const it = watching();
  for (const who of ["ann", "bob"]) it.watch.joined(who);
  it.watch.scored("ann", "poor");
  it.watch.scored("nobody", "poor");
  it.watch.scored(null, "good");
  it.watch.lost("bob", true);
  await it.clock.advance(EVERY_MS * 2);
  expect(it.told).toEqual(["ann poor", "bob lost", "null good"]);
});

it("tells of the agent's own connection: what the server reports of its track", async () => {
  const it = watching();
  it.watch.joined("ann");
  for (const packetsSent of [125, 250, 375]) {
    it.server({ packetsSent, fractionLost: 0.15, jitterMs: 2, roundTripMs: 12 });
    await it.clock.advance(EVERY_MS);
  }
  expect(it.told).toEqual(["null poor"]);
  expect(it.readings).toEqual([{ lossShare: 0.15, concealedShare: null, jitterMs: 2, roundTripMs: 12 }]);
});

it("reads nothing while nobody is there, and nothing once it is closed", async () => {
  const it = watching();
  await it.clock.advance(60_000);
  expect(it.asked()).toBe(0);
  it.watch.joined("ann");
  await it.clock.advance(EVERY_MS * 4);
  expect(it.asked()).toBe(4);
  it.watch.left("ann");
  await it.clock.advance(60_000);
  expect(it.asked()).toBe(5);
  it.watch.joined("ann");
  it.watch.scored("ann", "poor");
  it.watch.close();
  await it.clock.advance(60_000);
  expect(it.asked()).toBe(5);
  expect(it.told).toEqual([]);
});

it("knows nothing of who was here before and came back", async () => {
  const it = watching();
  it.watch.joined("ann");
  it.watch.scored("ann", "poor");
  await it.clock.advance(EVERY_MS * 2);
  it.watch.left("ann");
  it.watch.joined("ann");
  await it.clock.advance(EVERY_MS * 4);
  expect(it.told).toEqual(["ann poor"]);
});
