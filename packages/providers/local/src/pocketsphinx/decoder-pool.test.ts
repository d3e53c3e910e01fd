import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ParleyError } from "@parley/engine";
import { afterEach, expect, test } from "vitest";
import { type DecoderModel, DecoderPool, type DecoderPoolOptions } from "./decoder-pool.ts";
import { Spoken } from "./spoken.ts";

const FAKE = fileURLToPath(new URL("./fixtures/fake-decoder.mjs", import.meta.url));
const never = new AbortController().signal;
const DIE = 1;
const DIE_ONCE = 2;
const HANG = 3;
const RUBBISH = 4;
const opened: (() => unknown)[] = [];

function open(options: DecoderPoolOptions = {}): DecoderPool {
  const folder = mkdtempSync(join(tmpdir(), "parley-fake-decoder-"));
  const pool = new DecoderPool({ command: process.execPath, args: [FAKE, folder] }, options);
  opened.push(async () => {
    await pool.close();
    rmSync(folder, { recursive: true });
  });
  return pool;
}

function model(name: string, more: Partial<DecoderModel> = {}): DecoderModel {
  const search = { kind: "language-model" as const, path: name };
  return { key: name, load: { acousticModel: "", dictionary: "", search }, maxDecoders: 8, broken() {}, ...more };
}

const hotel = model("hotel");

function speak(pool: DecoderPool, of: DecoderModel = hotel, onInterim?: (text: string) => void, timeoutMs = 60_000) {
  return new Spoken({ speaker: 1, pool, model: Promise.resolve(of), timeoutMs, onInterim, onClosed() {} });
}

/** 0.2 s whose first sample is an order to the fake. */
function sound(order = 0, samples = 3200): Int16Array {
  const frame = new Int16Array(samples);
  frame[0] = order;
  return frame;
}

async function heard(spoken: Spoken, ...frames: Int16Array[]): Promise<string> {
  for (const frame of frames) spoken.push(frame);
  return (await spoken.finish(never)).text;
}

async function failure(promise: Promise<unknown>): Promise<ParleyError> {
  return promise.then(
    (value) => expect.fail(`it should have been rejected, but gave ${JSON.stringify(value)}`),
    (error: ParleyError) => error,
  );
}

afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

test("every sample reaches the decoder, in whatever frames it came", async () => {
  const spoken = speak(open());
  const lengths = [0, 1, 319, 320, 1599, 1600, 1601, 5000, 7];
  expect(await heard(spoken, ...lengths.map((length) => new Int16Array(length)))).toBe("10447 hotel slot0");
});

test("a frame may be used again by its owner", async () => {
  const pool = open();
  const spoken = speak(pool);
  const frame = sound(0, 320);
  for (let at = 0; at < 10; at++) {
    spoken.push(frame);
    frame.fill(DIE);
    frame[0] = 0;
  }
  frame.fill(DIE);
  expect(await heard(spoken)).toBe("3200 hotel slot0");
});

test("a decoder is used again, and never by two utterances at once", async () => {
  const pool = open();
  const texts = await Promise.all([heard(speak(pool), sound()), heard(speak(pool), sound())]);
  expect(texts).toEqual(["3200 hotel slot0", "3200 hotel slot1"]);
  expect(await heard(speak(pool), sound())).toMatch(/slot[01]$/);
});

test("utterances wait in line when all decoders are busy, and more than that are refused", async () => {
  const pool = open({ maxDecoders: 1, maxWaiting: 2 });
  const first = speak(pool);
  const waiting = [speak(pool), speak(pool)];
  await Promise.resolve();
  const refused = speak(pool);
  expect(await failure(refused.finish(never))).toMatchObject({ code: "stt-busy", retryable: true });
  for (const spoken of [...waiting, first]) spoken.push(sound());
  const results = [first, ...waiting].map((spoken) => spoken.finish(never));
  expect((await Promise.all(results)).map(({ text }) => text)).toEqual(Array(3).fill("3200 hotel slot0"));
});

test("a model's bound holds up only its own utterances", async () => {
  const pool = open({ maxDecoders: 3 });
  const large = model("large", { maxDecoders: 1 });
  const first = speak(pool, large);
  const second = speak(pool, large);
  expect(await heard(speak(pool), sound())).toBe("3200 hotel slot1");
  expect(await heard(first, sound())).toBe("3200 large slot0");
  expect(await heard(second, sound())).toBe("3200 large slot0");
});

test("an idle decoder of another model is taken over", async () => {
  const pool = open({ maxDecoders: 1 });
  expect(await heard(speak(pool), sound())).toBe("3200 hotel slot0");
  expect(await heard(speak(pool, model("clinic")), sound())).toBe("3200 clinic slot0");
  expect(await heard(speak(pool), sound())).toBe("3200 hotel slot0");
});

test("an utterance outlives the death of its decoder", async () => {
  const pool = open();
  const bystander = speak(pool);
  bystander.push(sound());
  expect(await heard(speak(pool), sound(), sound(DIE_ONCE), sound())).toBe("9600 hotel slot0");
  expect(await heard(bystander, sound())).toMatch(/^6400 hotel/);
});

test("what kills two decoders is given up; the next utterance is heard", async () => {
  const pool = open();
  const error = await failure(heard(speak(pool), sound(DIE)));
  expect(error).toMatchObject({ code: "stt-failed", category: "provider", retryable: true });
  expect(error.message).toContain("assertion failed");
  expect(await heard(speak(pool), sound())).toBe("3200 hotel slot0");
});

test("a program that cannot run is a failure, not a hang", async () => {
  const pool = new DecoderPool({ command: "/nowhere/python", args: [] });
  opened.push(() => pool.close());
  expect((await failure(heard(speak(pool), sound()))).message).toMatch(/could not run.*nowhere/);
});

test("an answer that is late is a time-out; its decoder is left alone as long as it hangs", async () => {
  const pool = open();
  await heard(speak(pool), sound());
  const error = await failure(heard(speak(pool, hotel, undefined, 50), sound(HANG)));
  expect(error).toMatchObject({ code: "stt-timeout", category: "timeout" });
  expect(await heard(speak(pool), sound())).toBe("3200 hotel slot1");
});

test("a process that hangs is replaced, and its utterances are spoken to the new one", async () => {
  const pool = open({ hangMs: 500 });
  await heard(speak(pool), sound());
  const error = await failure(heard(speak(pool), sound(HANG)));
  expect(error.message).toContain("said nothing for 500 ms");
  expect(await heard(speak(pool), sound())).toBe("3200 hotel slot0");
});

test("when every decoder hangs, the process is replaced for those who wait", async () => {
  const pool = open({ maxDecoders: 1, hangMs: 500 });
  const lost = speak(pool);
  lost.push(sound(HANG));
  await heard(speak(open()), sound());
  lost.cancel();
  expect(await heard(speak(pool), sound())).toBe("3200 hotel slot0");
});

test("a cancelled utterance makes room for the next", async () => {
  const pool = open({ maxDecoders: 1 });
  const left = speak(pool);
  left.push(sound());
  const next = heard(speak(pool), sound());
  left.cancel();
  expect(await next).toBe("3200 hotel slot0");
});

test("rubbish on the decoder's output is passed over", async () => {
  expect(await heard(speak(open()), sound(RUBBISH))).toBe("3200 hotel slot0");
});

test("a model that cannot be loaded fails its utterance and is made anew", async () => {
  const pool = open();
  let broken = 0;
  const error = await failure(heard(speak(pool, model("broken", { broken: () => broken++ })), sound()));
  expect(error).toMatchObject({ code: "stt-model-failed" });
  expect(broken).toBe(1);
  expect(await heard(speak(pool), sound())).toBe("3200 hotel slot0");
});

test("interim results come while the person speaks, and none after the end", async () => {
  const interims: string[] = [];
  const spoken = speak(open(), hotel, (text) => interims.push(text));
  spoken.push(sound(0, 1600));
  await expect.poll(() => interims.at(-1), { timeout: 30_000 }).toBe("Samples 1600");
  await heard(spoken, sound(0, 1600));
  const before = interims.length;
  spoken.push(sound());
  expect(interims).toHaveLength(before);
});

test("cancelled is cancelled: by hand, by the signal, by closing", async () => {
  const pool = open();
  const byHand = speak(pool);
  const pending = failure(heard(byHand, sound(HANG)));
  byHand.cancel();
  byHand.cancel();
  expect(await pending).toMatchObject({ category: "cancelled" });
  const ending = new AbortController();
  const bySignal = failure(speak(pool).finish(ending.signal));
  ending.abort();
  expect(await bySignal).toMatchObject({ category: "cancelled" });
  const byClosing = failure(heard(speak(pool), sound(HANG)));
  await pool.close();
  expect(await byClosing).toMatchObject({ code: "stt-closed", category: "cancelled" });
  expect(await failure(heard(speak(pool), sound()))).toMatchObject({ code: "stt-closed" });
});

test("a minute is the longest utterance: the rest is not listened to", async () => {
  const spoken = speak(open());
  for (let at = 0; at < 70; at++) spoken.push(new Int16Array(16_000));
  expect(await heard(spoken)).toBe("960000 hotel slot0");
});
