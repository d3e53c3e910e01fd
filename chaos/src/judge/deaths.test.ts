import { expect, it } from "vitest";
import type { CallerEvent } from "../callers/messages.ts";
import { judgeDeaths } from "./deaths.ts";
import { Timeline } from "./timeline.ts";

const track = (at: number): CallerEvent => ({ type: "track", at, lastFrameAt: 0 });

it("counts from each death to the new voice, and from the last to the goodbye", () => {
  const timeline = new Timeline();
  timeline.events.push(track(0), track(1_800), track(6_000));
  timeline.events.push({ type: "sound-began", at: 6_200 }, { type: "sound-ended", at: 8_000, fadedMs: 0 });
  expect(judgeDeaths(timeline, [1_000, 2_500, 3_000])).toEqual({
    voiceMs: [800, null, 3_000],
    goodbyeMs: 3_200,
    saidMs: 5_000,
  });
  expect(judgeDeaths(timeline, [9_000])).toEqual({ voiceMs: [null], goodbyeMs: null, saidMs: null });
});
