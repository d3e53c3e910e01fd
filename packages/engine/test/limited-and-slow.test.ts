import { httpError } from "@parley/engine";
import { fakeStt, fakeTts, virtualClock } from "@parley/testkit";
import { expect, it } from "vitest";
import { scene } from "./harness.ts";

const limited = (retryAfter: string) =>
  httpError({ stage: "stt", name: "acme/1", model: "1" }, { status: 429, body: "", retryAfter });

it.each([
  ["1", 2, 1_000],
  ["60", 1, 0],
])("a limited rate: asked again after %s s only if a caller can wait so long", async (asks, times, waitMs) => {
  const clock = virtualClock();
  const stt = fakeStt({ clock });
  const askedAt: number[] = [];
  const session = stt.open({ language: "en", phrases: [], signal: new AbortController().signal });
  const utterance = () => ({
    ...session.utterance(),
    finish: async () => {
      askedAt.push(clock.now());
      throw limited(asks);
    },
  });
  const s = scene({ clock, agent: { stt: { ...stt, open: () => ({ ...session, utterance }) } } });
  await s.begin();
  await s.speak(800);
  await clock.advance(10_000);
  expect(askedAt).toHaveLength(times);
  expect(askedAt.at(-1)! - askedAt[0]!).toBe(waitMs);
  expect(s.count("error-occurred")).toBe(times - 1);
  expect(s.count("turn-failed")).toBe(1);
});

it("a voice rests for as long as it asks to", async () => {
  const clock = virtualClock();
  const tts = fakeTts({ clock });
  let asked = 0;
  const synthesize: typeof tts.synthesize = (request, signal) => {
    if (asked++ > 0) return tts.synthesize(request, signal);
    throw limited("40");
  };
  const s = scene({ clock, agent: { tts: { ...tts, synthesize }, spareTts: fakeTts({ clock }) } });
  await s.begin();
  for (const waitMs of [20_000, 25_000, 10_000]) {
    s.caller.type("What time is it?");
    await clock.advance(waitMs);
  }
  expect(s.count("turn-replied")).toBe(3);
  expect(asked).toBe(2);
});

it("a voice that drips is cut when all its gaps together are longer than one may be", async () => {
  const clock = virtualClock();
  const s = scene({
    clock,
    llm: { answers: ["It is noon now."] },
    tts: { answers: () => ({ pace: 30 }) },
    agent: { spareTts: fakeTts({ clock }) },
  });
  await s.begin();
  s.caller.type("What time is it?");
  await clock.advance(15_000);
  expect(s.fact("reply-failed")!.error).toMatchObject({ code: "tts-timeout" });
  expect(s.fact("reply-failed")!.error.message).toContain("behind its own speech");
  expect(s.count("turn-failed")).toBe(1);
});
