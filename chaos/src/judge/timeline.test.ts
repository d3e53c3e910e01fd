import { expect, it } from "vitest";
import type { CallerEvent } from "../callers/messages.ts";
import { Timeline } from "./timeline.ts";

const timelineOf = (...events: CallerEvent[]) => {
  const timeline = new Timeline();
  timeline.events.push(...events);
  return timeline;
};
const sound = (from: number, to: number): CallerEvent[] => [
  { type: "sound-began", at: from },
  { type: "sound-ended", at: to, fadedMs: 0 },
];
const track = (at: number, lastFrameAt = 0): CallerEvent => ({ type: "track", at, lastFrameAt });
const question = (from: number, to: number, heardAt: number | null): CallerEvent[] => [
  { type: "asking", at: from },
  { type: "asked", startedAt: from, at: to },
  { type: "answered", startedAt: from, heardAt, at: heardAt ?? to + 9_000 },
];

it("counts from the fault to the next sound when the agent was cut off, or owed an answer", () => {
  const cut = timelineOf(track(0), ...sound(1_000, 2_050), track(2_800), ...sound(2_900, 4_000));
  expect([cut.momentAt(2_000), cut.gapMs(2_000)]).toEqual(["agent-speaking", 900]);
  const owed = timelineOf(track(0), ...question(1_000, 1_900, 4_000), track(2_800), ...sound(4_000, 5_000));
  expect([owed.momentAt(2_000), owed.gapMs(2_000)]).toEqual(["answer-owed", 2_000]);
});

it("counts to the voice's return when there was nothing to say, or nothing left", () => {
  const quiet = timelineOf(track(0), ...sound(100, 900), track(2_800), ...question(5_000, 6_000, 7_000));
  expect([quiet.momentAt(2_000), quiet.gapMs(2_000)]).toEqual(["quiet", 800]);
  const asking = timelineOf(track(0), ...question(1_500, 2_500, 4_000), track(2_800), ...sound(4_000, 5_000));
  expect([asking.momentAt(2_000), asking.gapMs(2_000)]).toEqual(["caller-speaking", 800]);
  const tail = timelineOf(
    track(0),
    ...sound(0, 2_010),
    track(2_800),
    ...question(4_000, 5_000, 6_000),
    ...sound(6_000, 7_000),
  );
  expect(tail.gapMs(2_000)).toBe(800);
});

it("knows a voice that never went from one that never came back", () => {
  expect(timelineOf(track(0), ...sound(1_000, 5_000)).gapMs(2_000)).toBe(0);
  expect(timelineOf(track(0), ...question(3_000, 4_000, 5_000)).gapMs(2_000)).toBe(0);
  expect(timelineOf(track(0), ...question(3_000, 4_000, null)).gapMs(2_000)).toBeNull();
  expect(timelineOf(track(0), { type: "flowing", at: 2_500 }).gapMs(2_000)).toBe(500);
});

it("hears a hole in an answer, not the pause between two", () => {
  const timeline = timelineOf(
    ...sound(0, 1_000),
    ...sound(1_200, 2_000),
    ...question(3_000, 4_000, 4_500),
    ...sound(4_500, 5_000),
  );
  expect(timeline.holes(0, 9_000)).toEqual([{ from: 1_000, to: 1_200 }]);
  expect(timelineOf(...sound(0, 1_000), ...sound(1_100, 2_000)).holes(0, 9_000)).toEqual([]);
});

it("measures a hand-over between the two voices", () => {
  const silent = timelineOf(track(0), ...sound(0, 1_000), track(6_100, 6_000), ...question(8_000, 9_000, 9_500));
  expect(silent.handOverGapMs(2_000)).toBe(100);
  const speaking = timelineOf(track(0), ...sound(4_000, 5_950), track(6_100, 6_000), ...sound(6_300, 8_000));
  expect(speaking.handOverGapMs(2_000)).toBe(350);
  expect(timelineOf(track(0)).handOverGapMs(2_000)).toBeNull();
});
