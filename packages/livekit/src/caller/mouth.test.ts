import type { AudioOut } from "@parley/engine";
import { virtualClock } from "@parley/testkit";
import { expect, it } from "vitest";
import { Mouth } from "./mouth.ts";

/** Plays in the clock's time; keeps the first sample of every frame that was not cleared away. */
function speaker(clock: { now(): number }): AudioOut & { said: number[] } {
  let playedAt = 0;
  const said: number[] = [];
  return {
    said,
    sampleRateHz: 48_000,
    queuedMs: () => Math.max(0, playedAt - clock.now()),
    write(frame) {
      said.push(frame[0]!);
      playedAt = Math.max(playedAt, clock.now()) + (frame.length * 1000) / 48_000;
    },
    clear() {
      playedAt = 0;
    },
  };
}

const clip = (sample: number) => new Int16Array(48_000).fill(sample);

it("says clips one after the other, each in its time", async () => {
  const clock = virtualClock();
  const mouth = new Mouth(speaker(clock), clock);
  const both = Promise.all([mouth.speak(clip(1), 48_000), mouth.speak(clip(2), 48_000)]);
  const [first, second] = await clock.until(both);
  expect(first.endedAt - first.startedAt).toBeGreaterThanOrEqual(1000);
  expect(second.startedAt).toBeGreaterThanOrEqual(first.endedAt);
});

it("breaks off one clip when it is stopped, and all of them when it is closed", async () => {
  const clock = virtualClock();
  const out = speaker(clock);
  const mouth = new Mouth(out, clock);
  const clips = [1, 2, 3].map((sample) => mouth.speak(clip(sample), 48_000));
  await clock.advance(300);
  mouth.stop();
  await clock.advance(300);
  mouth.close();
  await clock.until(Promise.all([...clips, mouth.speak(clip(4), 48_000)]));
  expect(new Set(out.said)).toEqual(new Set([1, 2]));
  expect(clock.now()).toBeLessThan(1000);
});
