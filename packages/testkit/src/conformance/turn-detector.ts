import { concat } from "@parley/audio";
import type { TurnDetector, TurnEnd } from "@parley/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { speechClip } from "../speech/clip.ts";
import { noise, silence } from "../speech/sounds.ts";
import {
  expectCancelled,
  expectParleyError,
  type FaultCase,
  noUnhandledRejections,
  thrownBy,
  within,
} from "./checks.ts";

export interface TurnDetectorConformanceOptions {
  /** The longest that one answer may take. Default 15 s. */
  timeoutMs?: number;
  /** How close the same pause must come to the same probability, whatever ran beside it. Default 0.001. */
  tolerance?: number;
  /** Each must make `probability` reject with a fitting ParleyError. */
  faults?: readonly FaultCase<TurnDetector>[];
}

/** What every TurnDetector owes its caller: the docstrings of packages/engine/src/ports/turn-detector.ts as tests. */
export function turnDetectorConformance(
  name: string,
  make: () => TurnDetector | Promise<TurnDetector>,
  options: TurnDetectorConformanceOptions = {},
) {
  const { timeoutMs = 15_000, tolerance = 0.001, faults = [] } = options;

  describe(`${name} is a TurnDetector`, { timeout: timeoutMs * 3 }, () => {
    noUnhandledRejections();
    let detector: TurnDetector;
    let ends: TurnEnd[];
    beforeEach(async () => {
      detector = await make();
      await detector.warm?.();
      const speech = concat([await speechClip("I would like to book a table for two, please."), silence(200)]);
      const of = (samples: Int16Array, text: string): TurnEnd => ({ samples, text, language: "en" });
      ends = [
        of(speech, "I would like to book a table for two, please."),
        of(speech.slice(0, 16_000), "I would like to"),
        of(silence(500), ""),
        of(new Int16Array(0), ""),
        of(noise(8000, 16_000, -20), ""),
        of(
          new Int16Array(160_000).map((_, i) => (i % 2 ? 32_767 : -32_768)),
          "x".repeat(8_000),
        ),
      ];
    });
    afterEach(async () => {
      await detector.close?.();
    });

    const ask = (end: TurnEnd, of = detector) =>
      within(of.probability(end, new AbortController().signal), timeoutMs, "probability");

    it("says what it is", () => {
      expect(detector.name).toMatch(/^[a-z0-9-]+\/.+$/);
      expect(typeof detector.needsText).toBe("boolean");
    });

    it("gives a probability for whatever it is asked, nothing and too much included", async () => {
      for (const end of ends) {
        const probability = await ask(end);
        expect(probability).toBeGreaterThanOrEqual(0);
        expect(probability).toBeLessThanOrEqual(1);
      }
    });

    it("leaves the sound as it was, and does not need it after its answer", async () => {
      const [end] = ends as [TurnEnd];
      const before = end.samples.slice();
      const probability = await ask(end);
      expect(end.samples).toEqual(before);
      end.samples.fill(12_345);
      expect(Math.abs((await ask({ ...end, samples: before })) - probability)).toBeLessThanOrEqual(tolerance);
    });

    it("answers several at once as it answers each alone", async () => {
      const alone: number[] = [];
      for (const end of ends) alone.push(await ask(end));
      const together = await Promise.all(ends.map((end) => ask(end)));
      for (const [i, probability] of alone.entries())
        expect(Math.abs(together[i]! - probability), `pause ${i}`).toBeLessThanOrEqual(tolerance);
    });

    it("ends at once when the signal is aborted, before or while it works, and answers the next", async () => {
      await expectCancelled(detector.probability(ends[0]!, AbortSignal.abort()), "an aborted probability");
      const scope = new AbortController();
      const work = detector.probability(ends[0]!, scope.signal);
      scope.abort();
      await expectCancelled(work, "a probability aborted on its way");
      await ask(ends[0]!);
    });

    it("warms and closes twice, with a question open", async () => {
      await within(Promise.resolve(detector.warm?.()), timeoutMs, "warm");
      const open = detector.probability(ends[0]!, new AbortController().signal).catch((error) => error);
      await within(Promise.resolve(detector.close?.()), timeoutMs, "close");
      await within(Promise.resolve(detector.close?.()), timeoutMs, "close");
      await within(open, timeoutMs, "the question that was open");
    });

    for (const { when, make: makeFaulty, categories } of faults)
      it(`rejects with a ParleyError when it ${when}`, async () => {
        const faulty = await makeFaulty();
        const work = faulty.probability(ends[0]!, new AbortController().signal);
        expectParleyError(await thrownBy(work, timeoutMs, "probability"), categories);
        await faulty.close?.();
      });
  });
}
