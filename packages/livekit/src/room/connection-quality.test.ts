import { describe, expect, it } from "vitest";
import { type Measured, type Quality, QualityLevel, qualityOf } from "./connection-quality.ts";

const fine: Measured = {
  lossShare: 0,
  concealedShare: 0,
  jitterMs: 3,
  roundTripMs: 20,
  score: "excellent",
  isLost: false,
};
const unknown: Measured = {
  lossShare: null,
  concealedShare: null,
  jitterMs: null,
  roundTripMs: null,
  score: null,
  isLost: false,
};

describe("the quality of one moment", () => {
  it.each<[what: string, measured: Partial<Measured>, quality: Quality]>([
    ["nothing wrong", {}, "excellent"],
    ["a packet in fifty", { lossShare: 0.02 }, "excellent"],
    ["a packet in twenty", { lossShare: 0.05 }, "good"],
    ["a packet in eight", { lossShare: 0.125 }, "poor"],
    ["packets that come unevenly", { jitterMs: 40 }, "good"],
    ["packets that come most unevenly", { jitterMs: 90 }, "poor"],
    ["a long way", { roundTripMs: 350 }, "good"],
    ["too long a way to talk", { roundTripMs: 900 }, "poor"],
    ["the server's word, where it is worse", { score: "poor" }, "poor"],
    ["our own, where that is worse", { score: "good", lossShare: 0.2 }, "poor"],
    ["nothing arrives", { isLost: true }, "lost"],
    ["nothing reaches the server", { score: "lost" }, "lost"],
  ])("%s", (_what, measured, quality) => expect(qualityOf({ ...fine, ...measured })).toBe(quality));

  it("is not called bad for what nothing tells", () => expect(qualityOf(unknown)).toBe("excellent"));
});

describe("the level", () => {
  /** Readings every 2.5 s, by their first letters; the levels it changes to, with the number of the reading. */
  const changes = (readings: string): string => {
    const level = new QualityLevel();
    const names: Record<string, Quality> = { e: "excellent", g: "good", p: "poor", l: "lost" };
    const told: string[] = [];
    [...readings].forEach((letter, n) => {
      if (level.read(n * 2_500, names[letter] as Quality)) told.push(`${n + 1} ${level.level}`);
    });
    return told.join(", ");
  };

  it.each([
    ["stays while all is well", "eeeeeeeeee", ""],
    ["takes no notice of a single bad moment", "eepeeepeee", ""],
    ["becomes worse when two agree, by the better of them", "eegp", "4 good"],
    ["may be poor at once", "epp", "3 poor"],
    ["goes on falling, but not within ten seconds", "gglllll", "2 good, 6 lost"],
    ["recovers after fifteen seconds without trouble", "ppeeeeee", "2 poor, 8 excellent"],
    ["recovers only as far as the worst of them", "ppeegeee", "2 poor, 8 good"],
    ["does not recover for a bad moment in each fifteen seconds", "ppeeepeeeepeeep", "2 poor"],
    ["does not flap with readings that do", "pepepepepepepepepepe", ""],
  ])("%s", (_what, readings, expected) => expect(changes(readings)).toBe(expected));

  it("never changes twice in ten seconds, whatever is read", () => {
    const all: Quality[] = ["excellent", "good", "poor", "lost"];
    const level = new QualityLevel();
    let seed = 7;
    let last = Number.NEGATIVE_INFINITY;
    let count = 0;
    for (let at = 0; at < 3_600_000; at += 2_500) {
      seed = (seed * 48_271) % 2_147_483_647;
      if (!level.read(at, all[seed % 4] as Quality)) continue;
      expect(at - last).toBeGreaterThanOrEqual(10_000);
      last = at;
      count++;
    }
    expect(count).toBeGreaterThan(10);
  });
});
