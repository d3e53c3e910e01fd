import { rms, toDb } from "@parley/audio";
import type { Tts, TtsChunk, TtsRequest } from "@parley/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  expectCancelled,
  expectParleyError,
  type FaultCase,
  noUnhandledRejections,
  PROMPT_MS,
  thrownBy,
  within,
} from "./checks.ts";

export interface TtsConformanceOptions {
  /** Default: a sentence of about three seconds. */
  text?: string;
  language?: string;
  /** How long the audio of `text` may be. Default 0.5 to 15 s. */
  audioMs?: { least: number; most: number };
  /** The longest that one sentence may take to be made. Default 15 s. */
  timeoutMs?: number;
  /** Each must make the stream throw a fitting ParleyError within `timeoutMs`. */
  faults?: readonly FaultCase<Tts>[];
}

const SENTENCE = "We are open from nine to five on weekdays, and until noon on Saturdays.";
const LONG_TEXT = Array.from({ length: 12 }, (_, i) => `This is sentence number ${i + 1}, and it goes on.`).join(" ");

/** What every Tts owes its caller: the docstrings of packages/engine/src/ports/speech.ts as tests. */
export function ttsConformance(name: string, make: () => Tts | Promise<Tts>, options: TtsConformanceOptions = {}) {
  const { text = SENTENCE, language = "en", timeoutMs = 15_000 } = options;
  const { least, most } = options.audioMs ?? { least: 500, most: 15_000 };

  describe(`${name} is a Tts`, { timeout: timeoutMs * 3 }, () => {
    noUnhandledRejections();
    let tts: Tts;
    beforeEach(async () => {
      tts = await make();
    });
    afterEach(async () => {
      await tts.close?.();
    });

    const speak = (request: Partial<TtsRequest> = {}, signal = new AbortController().signal): Promise<TtsChunk[]> =>
      within(collect(tts, { text, language, ...request }, signal), timeoutMs, "synthesize");
    const msOf = (chunks: readonly TtsChunk[]) =>
      (chunks.reduce((sum, chunk) => sum + chunk.samples.length, 0) / tts.sampleRateHz) * 1000;

    it("says what it is", () => {
      expect(tts.name).toMatch(/^[a-z0-9-]+\/.+$/);
      expect(Number.isInteger(tts.sampleRateHz)).toBe(true);
      expect(tts.sampleRateHz).toBeGreaterThanOrEqual(8000);
      expect(typeof tts.capabilities.words).toBe("boolean");
    });

    it("warms, also twice", async () => {
      await within(Promise.resolve(tts.warm?.()), timeoutMs, "warm");
      await within(Promise.resolve(tts.warm?.()), timeoutMs, "warm");
    });

    it("speaks: audible sound of a sensible length, in chunks that are not empty", async () => {
      const chunks = await speak();
      expect(chunks.length).toBeGreaterThan(0);
      for (const chunk of chunks) {
        expect(chunk.samples).toBeInstanceOf(Int16Array);
        expect(chunk.samples.length).toBeGreaterThan(0);
      }
      expect(msOf(chunks)).toBeGreaterThan(least);
      expect(msOf(chunks)).toBeLessThan(most);
      expect(Math.max(...chunks.map((chunk) => toDb(rms(chunk.samples))))).toBeGreaterThan(-50);
    });

    it("gives word times, if it says so, in order and within the audio", async () => {
      const chunks = await speak();
      const words = chunks.flatMap((chunk) => chunk.words ?? []);
      if (tts.capabilities.words) expect(words.length).toBeGreaterThan(0);
      for (const [i, word] of words.entries()) {
        expect(word.startMs).toBeGreaterThanOrEqual(words[i - 1]?.startMs ?? 0);
        expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
        expect(word.endMs).toBeLessThanOrEqual(msOf(chunks) + 100);
      }
    });

    it("gives each chunk away: no two share memory, spoiling one spoils no other", async () => {
      const chunks = await speak();
      const spans = chunks
        .map(({ samples }) => ({ samples, from: samples.byteOffset, to: samples.byteOffset + samples.byteLength }))
        .sort((a, b) => a.from - b.from);
      for (const a of spans) {
        for (const b of spans) {
          if (a === b || a.samples.buffer !== b.samples.buffer) continue;
          expect(a.to <= b.from || b.to <= a.from, "two chunks share memory").toBe(true);
        }
      }
      const levels: number[] = [];
      for await (const chunk of tts.synthesize({ text, language }, new AbortController().signal)) {
        levels.push(toDb(rms(chunk.samples)));
        chunk.samples.fill(32_767);
      }
      expect(Math.max(...levels), "a spoiled chunk came again").toBeLessThan(-0.5);
    });

    it("makes nothing of an empty text, without an error", async () => {
      expect(msOf(await speak({ text: "" }))).toBeLessThan(500);
      expect(msOf(await speak({ text: "  \n " }))).toBeLessThan(500);
      expect(msOf(await speak({ text: "…" }))).toBeLessThan(2000);
    });

    it("rejects with category cancelled when aborted before it began, and makes no sound", async () => {
      const chunks: TtsChunk[] = [];
      const work = collect(tts, { text, language }, AbortSignal.abort(), chunks);
      await expectCancelled(work, "synthesize with an aborted signal");
      expect(chunks).toEqual([]);
    });

    it("ends promptly when aborted between chunks, and goes on with the next request", async () => {
      const leaving = new AbortController();
      const stream = tts.synthesize({ text: LONG_TEXT, language }, leaving.signal)[Symbol.asyncIterator]();
      const first = await within(stream.next(), timeoutMs, "first chunk");
      expect(first.done).toBe(false);
      leaving.abort();
      await expectEndOrCancelled(stream);
      expect((await speak()).length).toBeGreaterThan(0);
    });

    it("rejects promptly when aborted while it makes the first chunk", async () => {
      const leaving = new AbortController();
      const pending = collect(tts, { text: LONG_TEXT, language }, leaving.signal);
      leaving.abort();
      await expectCancelled(pending, "synthesize after its abort");
    });

    it("may be left in the middle", async () => {
      for await (const chunk of tts.synthesize({ text: LONG_TEXT, language }, new AbortController().signal)) {
        expect(chunk.samples.length).toBeGreaterThan(0);
        break;
      }
      expect((await speak()).length).toBeGreaterThan(0);
    });

    it("speaks several texts at once", async () => {
      const alone = msOf(await speak());
      const together = await Promise.all([speak(), speak({ text: "Good morning." }), speak()]);
      expect(msOf(together[0]!)).toBeCloseTo(alone, -2);
      expect(msOf(together[2]!)).toBeCloseTo(alone, -2);
      expect(together[1]!.length).toBeGreaterThan(0);
    });

    it("closes, also twice", async () => {
      await tts.close?.();
      await tts.close?.();
    });

    for (const fault of options.faults ?? []) {
      it(`throws a ParleyError when the provider ${fault.when}`, async () => {
        const failing = await fault.make();
        try {
          const work = collect(failing, { text, language }, new AbortController().signal);
          expectParleyError(await thrownBy(work, timeoutMs, "synthesize"), fault.categories);
        } finally {
          await failing.close?.();
        }
      });
    }
  });
}

async function collect(
  tts: Tts,
  request: TtsRequest,
  signal: AbortSignal,
  chunks: TtsChunk[] = [],
): Promise<TtsChunk[]> {
  for await (const chunk of tts.synthesize(request, signal)) chunks.push(chunk);
  return chunks;
}

/** What was made before the abort may still come; then it ends, at once, and if with an error then with that one. */
async function expectEndOrCancelled(stream: AsyncIterator<TtsChunk>): Promise<void> {
  const drain = async () => {
    while (!(await stream.next()).done);
  };
  const error = await within(
    drain().then(
      () => null,
      (thrown: unknown) => thrown,
    ),
    PROMPT_MS,
    "the end after an abort",
  );
  if (error !== null) expectParleyError(error, ["cancelled"]);
}
