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

it("tells of a late loop once, until it was well again", () => {
  const loops = watchLoops();
  expect(loops.look([shard(1, 20), shard(2, 250), { shardId: 3, beat: null }])).toEqual([
    { shard: 2, calls: 4, loopDelayP50Ms: 7, loopDelayP99Ms: 250, cpuCores: 0.6 },
  ]);
  expect(loops.look([shard(1, 20), shard(2, 900)])).toEqual([]);
  expect(loops.look([shard(1, 300), shard(2, 150)])).toMatchObject([{ shard: 1 }]);
  expect(loops.look([shard(1, 20), shard(2, 20)])).toEqual([]);
  expect(loops.look([shard(1, 20), shard(2, 250)])).toMatchObject([{ shard: 2 }]);
});
