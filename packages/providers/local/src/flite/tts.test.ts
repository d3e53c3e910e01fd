import type { ParleyError, TtsRequest } from "@parley/engine";
import { afterAll, expect, test } from "vitest";
import { FLITE_VOICES } from "./synthesizer.ts";
import { fliteTts } from "./tts.ts";

const tts = fliteTts();
const never = new AbortController().signal;
afterAll(() => tts.close?.());

async function chunks(request: Partial<TtsRequest>, signal = never): Promise<Int16Array[]> {
  const sound: Int16Array[] = [];
  for await (const chunk of tts.synthesize({ text: "We are open today.", language: "en", ...request }, signal)) {
    sound.push(chunk.samples);
  }
  return sound;
}

const seconds = (sound: Int16Array[]) => sound.reduce((sum, samples) => sum + samples.length, 0) / tts.sampleRateHz;
const loudest = (samples: Int16Array) => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

test.each(FLITE_VOICES)("%s speaks", async (voice) => {
  const sound = await chunks({ voice });
  expect(seconds(sound)).toBeGreaterThan(0.8);
  expect(seconds(sound)).toBeLessThan(3);
  expect(loudest(sound[0]!)).toBeGreaterThan(3000);
});

test("the first word comes without flite's opening silence", async () => {
  const [samples] = await chunks({});
  expect(loudest(samples!.subarray(0, tts.sampleRateHz / 20))).toBeGreaterThan(50);
});

test("every sentence is a chunk of its own", async () => {
  expect(await chunks({ text: "Good morning. How can I help you? We are open." })).toHaveLength(3);
});

test("speed changes the length of the speech", async () => {
  const normal = seconds(await chunks({}));
  expect(seconds(await chunks({ speed: 2 })) / normal).toBeLessThan(0.65);
  expect(seconds(await chunks({ speed: 0.5 })) / normal).toBeGreaterThan(1.7);
  expect(seconds(await chunks({ speed: Number.NaN }))).toBeCloseTo(normal, 1);
  expect(seconds(await chunks({ speed: 1000 }))).toBeCloseTo(seconds(await chunks({ speed: 2 })), 1);
});

test.each(["", " ", "?!...", "🙂"])("%j is one short silence", async (text) => {
  const sound = await chunks({ text });
  expect(sound).toHaveLength(1);
  expect(seconds(sound)).toBeLessThan(0.3);
  expect(loudest(sound[0]!)).toBe(0);
});

test.each(["-o /etc/passwd", "--help", "$(id) `id` ; rm", "a\u0000b", "<speak>hi</speak>", "%s%n 100%"])(
  "%j is read out, not obeyed",
  async (text) => {
    expect(loudest((await chunks({ text }))[0]!)).toBeGreaterThan(1000);
  },
);

test.each([
  [{ text: "Guten Tag", language: "de" }, "tts-language-unsupported"],
  [{ text: "Добрый день" }, "tts-text-unsupported"],
  [{ voice: "nobody" }, "tts-voice-unknown"],
])("%j is refused with %s", async (request, code) => {
  await expect(chunks(request)).rejects.toMatchObject({ code } satisfies Partial<ParleyError>);
});

test("an unknown voice stops the start and names the known ones", () => {
  expect(() => fliteTts({ voice: "bob" as "slt" })).toThrow(/slt, rms, awb, kal16/);
});

test("aborting ends the stream as cancelled", async () => {
  const ending = new AbortController();
  const speech = tts.synthesize({ text: "One. Two. Three. Four.", language: "en" }, ending.signal);
  const reader = speech[Symbol.asyncIterator]();
  await reader.next();
  ending.abort();
  await expect(reader.next()).rejects.toMatchObject({ category: "cancelled" });
});

test("twenty callers are spoken to at once", async () => {
  const sound = await Promise.all(Array.from({ length: 20 }, (_, n) => chunks({ text: `Your number is ${n + 10}.` })));
  for (const speech of sound) expect(loudest(speech[0]!)).toBeGreaterThan(1000);
});

test("one voice closed leaves the others speaking", async () => {
  const other = fliteTts({ voice: "rms" });
  await other.warm?.();
  await other.close?.();
  await other.close?.();
  await expect(other.warm?.()).rejects.toMatchObject({ code: "tts-closed" });
  expect(await chunks({})).toHaveLength(1);
});
