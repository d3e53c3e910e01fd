import { expect, it } from "vitest";
import { watchLoops } from "./late-loops.ts";

const shard = (shardId: number, loopDelayMs: number) => ({
  shardId,
  beat: {
    calls: 4,
    loopBusy: 0.5,
    loopDelayMs,
    loopDelayP50Ms: 7,
    cpuMs: 0,
    cpuCores: 0.6,
    rssBytes: 0,
    resources: {},
  },
});

it("tells of a loop that stays late once, until it was well again, and of no spike", () => {
  const loops = watchLoops();
  const looks = (times: number, loopDelayMs: number) =>
    Array.from({ length: times }, () =>
      loops.look([shard(1, 20), shard(2, loopDelayMs), { shardId: 3, beat: null }]),
    ).flat();
  expect([looks(4, 600), looks(1, 20)]).toEqual([[], []]);
  expect(looks(9, 250)).toEqual([{ shard: 2, calls: 4, loopDelayP50Ms: 7, loopDelayP99Ms: 250, cpuCores: 0.6 }]);
  expect(looks(9, 150)).toEqual([]);
  expect([looks(1, 20), looks(9, 250).length]).toEqual([[], 1]);
});
