import { virtualClock } from "@parley/testkit";
import { expect, it } from "vitest";
import { Arrivals } from "./arrivals.ts";

function setup() {
  const clock = virtualClock();
  const changes: string[] = [];
  const source = { packets: 0 as number | null, perLook: 10 };
  const arrivals = new Arrivals({
    everyMs: 500,
    stalledAfterMs: 1500,
    clock,
    onChange: (id, stalled) => changes.push(`${id} ${stalled ? "stalled" : "moves"}@${clock.now()}`),
  });
  const count = async () => {
    if (source.packets !== null) source.packets += source.perLook;
    return source.packets;
  };
  return { clock, changes, source, arrivals, count };
}

it("notices within two seconds that packets stop, and that they come again", async () => {
  const { clock, changes, source, arrivals, count } = setup();
  arrivals.watch("ann", "TR_1", false, count);
  await clock.advance(3000);
  expect(changes).toEqual([]);
  source.perLook = 0;
  await clock.advance(5000);
  expect(changes).toEqual(["ann stalled@4500"]);
  source.perLook = 1;
  await clock.advance(500);
  expect(changes).toEqual(["ann stalled@4500", "ann moves@8500"]);
});

it("takes neither a muted microphone nor one that has not begun for a lost connection", async () => {
  const { clock, changes, source, arrivals, count } = setup();
  source.perLook = 0;
  arrivals.watch("ann", "TR_1", false, count);
  await clock.advance(10_000);
  source.packets = 50;
  await clock.advance(500);
  arrivals.mute("TR_1", true);
  await clock.advance(10_000);
  arrivals.mute("TR_1", false);
  await clock.advance(1000);
  expect(changes).toEqual([]);
  await clock.advance(1000);
  expect(changes).toEqual(["ann stalled@22000"]);
});

it("says nothing when it cannot know, and stops looking when nobody is left", async () => {
  const { clock, changes, source, arrivals, count } = setup();
  source.packets = null;
  arrivals.watch("ann", "TR_1", false, count);
  await clock.advance(10_000);
  expect(changes).toEqual([]);
  arrivals.forget("TR_1");
  await clock.advance(1000);
  expect(clock.pending).toBe(0);
  arrivals.watch("ann", "TR_2", false, count);
  arrivals.close();
  await clock.advance(1000);
  expect(clock.pending).toBe(0);
});

it("a track that ends while it is stalled brings nobody back; their next one does", async () => {
  const { clock, changes, source, arrivals, count } = setup();
  arrivals.watch("ann", "TR_1", false, count);
  await clock.advance(1000);
  source.perLook = 0;
  await clock.advance(3000);
  arrivals.forget("TR_1");
  await clock.advance(3000);
  expect(changes).toEqual(["ann stalled@2500"]);
  source.perLook = 1;
  arrivals.watch("ann", "TR_2", false, count);
  await clock.advance(1000);
  expect(changes).toEqual(["ann stalled@2500", "ann moves@7500"]);
});
