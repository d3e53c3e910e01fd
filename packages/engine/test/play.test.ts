import type { Fact, RuleState } from "@parley/conversation";
import { virtualClock } from "@parley/testkit";
import { expect, it } from "vitest";
import { FarEnd } from "../src/stages/far-end.ts";
import { Play } from "../src/stages/play.ts";
import type { StageContext } from "../src/stages/stage.ts";

const RATE_HZ = 48_000;

/** A mouth whose queue is 1.02 ms shorter each time it is looked at, as on a busy machine. */
function leakyMouth() {
  let queuedMs = 0;
  return {
    sampleRateHz: RATE_HZ,
    write(frame: Int16Array) {
      queuedMs += (frame.length * 1000) / RATE_HZ;
    },
    queuedMs() {
      const now = queuedMs;
      queuedMs = Math.max(0, queuedMs - 1.02);
      return now;
    },
    clear() {
      queuedMs = 0;
    },
  };
}

it("says that a reply was heard to its last sample when its queue runs dry while it is looked at", async () => {
  for (let samples = 4_800; samples < 4_900; samples++) {
    const clock = virtualClock();
    const drained: number[] = [];
    const report = (fact: { type: string; heardMs?: number }) => {
      if (fact.type === "playback-drained") drained.push(fact.heardMs ?? 0);
    };
    const play = new Play(
      { clock, report, now: () => clock.now() } as unknown as StageContext,
      leakyMouth(),
      new FarEnd(),
    );
    play.audio("r1", new Int16Array(samples));
    play.react({ type: "reply-released", replyId: "r1" } as Fact, null as unknown as RuleState);
    await clock.advance(20_000);
    play.close();
    expect(drained).toEqual([(samples * 1000) / RATE_HZ]);
  }
});
