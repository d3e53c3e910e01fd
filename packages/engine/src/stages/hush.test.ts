import { noise, silence, tone } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { HEARING_RATE_HZ } from "../ports/index.ts";
import { Hush } from "./hush.ts";

const concat = (...parts: Int16Array[]) => Int16Array.from(parts.flatMap((part) => [...part]));
const voice = (ms: number, db = -15) => tone(ms, HEARING_RATE_HZ, 300, db);
const quiet = (ms: number) => silence(ms, HEARING_RATE_HZ);
const room = (ms: number, db: number) => noise(ms, HEARING_RATE_HZ, db);

/** Hears it in frames of 20 ms. */
function heard(...parts: Int16Array[]): Hush {
  const hush = new Hush();
  const sound = concat(...parts);
  for (let at = 0; at < sound.length; at += 320) hush.push(sound.subarray(at, at + 320));
  return hush;
}

const hushAfter = (...parts: Int16Array[]) => heard(...parts).ms;

describe("Hush", () => {
  it("knows to 8 ms since when a quiet line has been quiet", () => {
    expect(hushAfter(quiet(500), voice(400), quiet(100))).toBeGreaterThanOrEqual(92);
    expect(hushAfter(quiet(500), voice(400), quiet(100))).toBeLessThanOrEqual(104);
    expect(hushAfter(quiet(500), voice(400))).toBe(0);
  });

  it("is not taken in by sounds that are weak beside the voice", () => {
    expect(hushAfter(quiet(500), voice(400), voice(200, -48))).toBe(0);
  });

  it("hears the voice end in a room with some noise", () => {
    expect(hushAfter(room(1500, -60), voice(400), room(200, -60))).toBeGreaterThan(100);
  });

  it("says nothing in a room that is nearly as loud as the voice", () => {
    expect(hushAfter(room(1500, -32), voice(400, -20), room(400, -32))).toBe(0);
  });

  it("knows for how long there has been something to hear, where it is sure", () => {
    expect(heard(quiet(500), voice(400)).loudMs).toBeGreaterThanOrEqual(392);
    expect(heard(quiet(500), voice(400), quiet(20)).loudMs).toBe(0);
    expect(heard(room(1500, -32), voice(400, -20)).loudMs).toBe(0);
  });

  it("says nothing while nobody has spoken", () => {
    expect(hushAfter(quiet(2000))).toBe(0);
  });
});
