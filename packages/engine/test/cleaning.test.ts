import { rms } from "@parley/audio";
import { fakeEchoCanceller, fakeNoiseFilter, tone } from "@parley/testkit";
import { expect, it } from "vitest";
import type { EchoCanceller } from "../src/ports/index.ts";
import { scene } from "./harness.ts";

it("tells a canceller what sounds and when, and hears only what it lets through", async () => {
  const canceller = fakeEchoCanceller({ delayMs: 120, gain: 0.5 });
  const played: { atMs: number; ms: number; level: number }[] = [];
  const telling: EchoCanceller = {
    name: canceller.name,
    open() {
      const stream = canceller.open();
      return {
        ...stream,
        plays(frame, atMs) {
          played.push({ atMs, ms: frame.length / 16, level: rms(frame) });
          stream.plays(frame, atMs);
        },
        process: (frame) => new Int16Array(frame.length),
      };
    },
  };
  const s = scene({ agent: { greeting: "Hello, how can I help you today?", echoCanceller: telling } });
  await s.begin();
  await s.clock.until(s.caller.say(tone(600, 16_000, 300, -15)));
  await s.clock.advance(5_000);
  const greeting = s.caller.heard()[0]!;
  const started = s.fact("playback-started")!;
  const total = played.reduce((sum, { ms }) => sum + ms, 0);
  expect(Math.abs(total - (greeting.endMs - greeting.startMs))).toBeLessThan(60);
  expect(Math.abs(played[0]!.atMs - started.at)).toBeLessThan(60);
  for (const [index, { atMs }] of played.entries())
    if (index > 0) expect(atMs).toBeGreaterThan(played[index - 1]!.atMs);
  expect(Math.max(...played.map(({ level }) => level))).toBeGreaterThan(500);
  // It lets nothing through: the caller spoke, and nobody heard it.
  expect(s.count("speech-started")).toBe(0);
  s.call.close("test");
  await s.clock.until(s.call.done);
  expect(canceller.openStreams).toBe(0);
});

it("goes on without a filter that breaks, and says so once", async () => {
  const filter = fakeNoiseFilter({ failsAt: 5 });
  const s = scene({ agent: { noiseFilter: filter }, stt: { answers: ["What time do you open?"] } });
  await s.begin();
  await s.speak(800);
  await s.clock.advance(3_000);
  expect(s.fact("turn-committed")).toMatchObject({ text: "What time do you open?" });
  const errors = s.log.facts.filter((fact) => fact.type === "error-occurred");
  expect(errors).toMatchObject([{ source: "noise", recoverable: true }]);
  expect(filter.openStreams).toBe(0);
  s.call.close("test");
  await s.clock.until(s.call.done);
});
