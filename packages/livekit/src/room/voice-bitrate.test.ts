import { virtualClock } from "@parley/testkit";
import { expect, it } from "vitest";
import { silentLog } from "../log.ts";
import type { Quality } from "./connection-quality.ts";
import { POOR_BITRATE_BPS, VoiceBitrate } from "./voice-bitrate.ts";

const LOOK_MS = 2_500;

function tuned(normalBps = 80_000, refuse = false) {
  const clock = virtualClock();
  const changes: number[] = [];
  const bitrate = new VoiceBitrate({
    normalBps,
    clock,
    log: silentLog,
    change: async (bitrateBps) => {
      changes.push(bitrateBps);
      if (refuse) throw new Error("no");
    },
  });
  bitrate.quiet(true);
  return {
    clock,
    bitrate,
    changes,
    async looks(forMs: number, worst: Quality) {
      for (let ms = 0; ms < forMs; ms += LOOK_MS) {
        await clock.advance(LOOK_MS);
        bitrate.look(worst);
      }
      await clock.advance(0);
    },
  };
}

it("goes down while a connection is poor, and up again when all was well for a minute", async () => {
  const it = tuned();
  await it.looks(10_000, "good");
  await it.looks(10_000, "poor");
  expect(it.changes).toEqual([POOR_BITRATE_BPS]);
  await it.looks(57_500, "good");
  expect(it.changes).toEqual([POOR_BITRATE_BPS]);
  await it.looks(5_000, "excellent");
  expect(it.changes).toEqual([POOR_BITRATE_BPS, 80_000]);
});

it("is not changed for somebody who hears nothing at all", async () => {
  const it = tuned();
  await it.looks(120_000, "lost");
  expect(it.changes).toEqual([]);
  await it.looks(5_000, "poor");
  await it.looks(50_000, "good");
  await it.looks(2_500, "lost");
  await it.looks(50_000, "good");
  expect(it.changes).toEqual([POOR_BITRATE_BPS]);
});

it("waits for a pause of a second", async () => {
  const it = tuned();
  it.bitrate.quiet(false);
  await it.looks(30_000, "poor");
  expect(it.changes).toEqual([]);
  it.bitrate.quiet(true);
  await it.clock.advance(999);
  it.bitrate.look("poor");
  expect(it.changes).toEqual([]);
  it.bitrate.quiet(true);
  await it.clock.advance(1);
  it.bitrate.look("poor");
  expect(it.changes).toEqual([POOR_BITRATE_BPS]);
});

it("changes four times in a call at most, also when that fails", async () => {
  const it = tuned();
  for (let n = 0; n < 5; n++) {
    await it.looks(10_000, "poor");
    await it.looks(70_000, "good");
  }
  expect(it.changes).toEqual([POOR_BITRATE_BPS, 80_000, POOR_BITRATE_BPS, 80_000]);
  const refused = tuned(80_000, true);
  await refused.looks(60_000, "poor");
  expect(refused.changes).toHaveLength(4);
});

it("leaves a bitrate alone that is as low already", async () => {
  const it = tuned(16_000);
  await it.looks(60_000, "poor");
  expect(it.changes).toEqual([]);
});
