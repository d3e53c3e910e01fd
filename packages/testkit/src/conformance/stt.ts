import { HEARING_RATE_HZ, type Stt, type SttResult, type SttSession, type SttUtterance } from "@parley/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { speechClip } from "../speech/clip.ts";
import { noise } from "../speech/sounds.ts";
import {
  expectCancelled,
  expectParleyError,
  type FaultCase,
  noUnhandledRejections,
  thrownBy,
  within,
} from "./checks.ts";

export interface SttConformanceOptions {
  /** What is spoken in the tests. Default "yes please". */
  text?: string;
  /** What must be understood of it. Default: anything, for scripted services. */
  understands?: RegExp;
  language?: string;
  phrases?: readonly string[];
  /** The longest that one result may take. Default 15 s. */
  timeoutMs?: number;
  /** Each must make `finish` reject with a fitting ParleyError within `timeoutMs`. */
  faults?: readonly FaultCase<Stt>[];
}

/** What every Stt owes its caller: the docstrings of packages/engine/src/ports/speech.ts as tests. */
export function sttConformance(name: string, make: () => Stt | Promise<Stt>, options: SttConformanceOptions = {}) {
  const { text = "yes please", understands, language = "en", phrases = ["yes", "no"], timeoutMs = 15_000 } = options;

  describe(`${name} is an Stt`, { timeout: timeoutMs * 3 }, () => {
    noUnhandledRejections();
    let stt: Stt;
    let session: SttSession;
    let scope: AbortController;
    let speech: Int16Array;

    const openSession = (of: Stt) => {
      scope = new AbortController();
      session = of.open({ language, phrases, signal: scope.signal });
    };
    beforeEach(async () => {
      speech = await speechClip(text);
      stt = await make();
      openSession(stt);
    });
    afterEach(async () => {
      session.close();
      await stt.close?.();
    });

    const finish = (utterance: SttUtterance, signal = new AbortController().signal): Promise<SttResult> =>
      within(utterance.finish(signal), timeoutMs, "finish");
    const transcribe = (samples: Int16Array): Promise<SttResult> => {
      const utterance = session.utterance();
      pushFrames(utterance, samples);
      return finish(utterance);
    };

    it("says what it is", () => {
      expect(stt.name).toMatch(/^[a-z0-9-]+\/.+$/);
      expect(typeof stt.capabilities.interim).toBe("boolean");
      expect(typeof stt.capabilities.words).toBe("boolean");
    });

    it("warms, also twice", async () => {
      await within(Promise.resolve(stt.warm?.()), timeoutMs, "warm");
      await within(Promise.resolve(stt.warm?.()), timeoutMs, "warm");
    });

    it("transcribes speech from frames whose buffer is used again", async () => {
      const result = await transcribe(speech);
      expectResult(result);
      if (understands) {
        expect(result.understood).toBe(true);
        expect(result.text).toMatch(understands);
      }
    });

    it("takes frames of any length, none included", async () => {
      const utterance = session.utterance();
      utterance.push(new Int16Array(0));
      for (let at = 0, length = 1; at < speech.length; at += length, length = (length * 7) % 997) {
        utterance.push(speech.slice(at, at + length));
      }
      const result = await finish(utterance);
      expectResult(result);
      if (understands) expect(result.text).toMatch(understands);
    });

    it("answers an utterance without sound with an empty text", async () => {
      const result = await finish(session.utterance());
      expectResult(result);
      expect(result.text).toBe("");
    });

    it("answers silence and noise, whatever it makes of them", async () => {
      expectResult(await transcribe(new Int16Array(HEARING_RATE_HZ)));
      expectResult(await transcribe(noise(1000, HEARING_RATE_HZ, -30)));
    });

    it("keeps several unfinished utterances apart", async () => {
      const utterances = [session.utterance(), session.utterance(), session.utterance()];
      for (let at = 0; at < speech.length; at += 320) {
        for (const utterance of utterances) utterance.push(speech.slice(at, at + 320));
      }
      const results = await Promise.all(utterances.reverse().map((utterance) => finish(utterance)));
      for (const result of results) {
        expectResult(result);
        if (understands) expect(result.text).toMatch(understands);
      }
    });

    it("rejects finish when its signal is aborted, before or meanwhile, and goes on with the next", async () => {
      const late = session.utterance();
      pushFrames(late, speech);
      await expectCancelled(late.finish(AbortSignal.abort()), "finish with an aborted signal");
      const utterance = session.utterance();
      pushFrames(utterance, speech);
      const leaving = new AbortController();
      const pending = utterance.finish(leaving.signal);
      leaving.abort();
      await expectCancelled(pending, "finish after its abort");
      expectResult(await transcribe(speech));
    });

    it("cancels: a pending finish rejects, again is nothing, nothing is heard after it", async () => {
      let interims = 0;
      const utterance = session.utterance(() => interims++);
      pushFrames(utterance, speech);
      const pending = utterance.finish(new AbortController().signal);
      utterance.cancel();
      const before = interims;
      utterance.cancel();
      await expectCancelled(pending, "finish after cancel");
      utterance.push(speech.slice(0, 320));
      expect(interims).toBe(before);
      const unfinished = session.utterance();
      pushFrames(unfinished, speech);
      unfinished.cancel();
      await expectCancelled(unfinished.finish(new AbortController().signal), "finish of a cancelled utterance");
    });

    it("never throws from push, also after the end", async () => {
      const utterance = session.utterance();
      pushFrames(utterance, speech);
      await finish(utterance);
      utterance.push(speech.slice(0, 320));
      utterance.cancel();
      utterance.push(speech.slice(0, 320));
    });

    it("closes a session with every utterance in it, also twice", async () => {
      const utterances = [session.utterance(), session.utterance()];
      for (const utterance of utterances) pushFrames(utterance, speech);
      const pending = utterances.map((utterance) => utterance.finish(new AbortController().signal));
      session.close();
      session.close();
      for (const finished of pending) await expectCancelled(finished, "finish after the session's close");
      openSession(stt);
      expectResult(await transcribe(speech));
    });

    it("ends a session with its signal", async () => {
      const utterance = session.utterance();
      pushFrames(utterance, speech);
      const pending = utterance.finish(new AbortController().signal);
      scope.abort();
      await expectCancelled(pending, "finish after the session's signal");
      session.close();
    });

    it("gives interims as text, none after the result", async () => {
      const interims: unknown[] = [];
      const utterance = session.utterance((interim) => interims.push(interim));
      pushFrames(utterance, speech);
      await finish(utterance);
      const before = interims.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(interims).toHaveLength(before);
      for (const interim of interims) expect(typeof interim).toBe("string");
      if (!stt.capabilities.interim) expect(interims).toEqual([]);
    });

    it("closes, also twice", async () => {
      await stt.close?.();
      await stt.close?.();
    });

    for (const fault of options.faults ?? []) {
      it(`rejects with a ParleyError when the provider ${fault.when}`, async () => {
        const failing = await fault.make();
        const failingSession = failing.open({ language, phrases, signal: new AbortController().signal });
        try {
          const utterance = failingSession.utterance();
          pushFrames(utterance, speech);
          const error = await thrownBy(utterance.finish(new AbortController().signal), timeoutMs, "finish");
          expectParleyError(error, fault.categories);
        } finally {
          failingSession.close();
          await failing.close?.();
        }
      });
    }
  });
}

/** One buffer for all frames, spoiled after each: an Stt that keeps it hears garbage. */
function pushFrames(utterance: SttUtterance, samples: Int16Array): void {
  const frame = new Int16Array(320);
  for (let at = 0; at < samples.length; at += frame.length) {
    frame.fill(0);
    frame.set(samples.subarray(at, at + frame.length));
    utterance.push(frame);
    frame.fill(at % 2 ? 32_767 : -32_768);
  }
}

function expectResult(result: SttResult): void {
  expect(typeof result.text).toBe("string");
  expect(result.text).toBe(result.text.trim());
  expect(typeof result.understood).toBe("boolean");
  if (result.confidence !== undefined) {
    expect(result.confidence).toBeGreaterThanOrEqual(0);
    expect(result.confidence).toBeLessThanOrEqual(1);
  }
  for (const word of result.words ?? []) expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
}
