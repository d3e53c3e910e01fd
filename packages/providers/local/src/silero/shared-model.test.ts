import { noise, silence } from "@parley/testkit";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { SileroModel } from "./model.ts";
import { QUEUE_WINDOWS } from "./stream.ts";
import { sileroVadWith } from "./vad.ts";
import { CONTEXT_SAMPLES, STATE_SIZE, type WindowBatch } from "./window-batch.ts";

const ROW = 576;
let keys = 0;

/** A model whose probability is the window's first sample, whose state counts windows, and which can be held up. */
function scriptedModel() {
  const sizes: number[] = [];
  const contexts: number[] = [];
  const script = { fail: false, released: 0, held: null as Promise<void> | null };
  const model: SileroModel = {
    async run(batch: WindowBatch) {
      if (script.held) await script.held;
      await new Promise((resolve) => setImmediate(resolve));
      if (script.fail) throw new Error("the runtime fell over");
      sizes.push(batch.size);
      for (let row = 0; row < batch.size; row++) {
        batch.output[row] = batch.input[row * ROW + CONTEXT_SAMPLES]! * 32_768;
        contexts.push(batch.input[row * ROW]! * 32_768);
        for (const layer of [0, 1]) {
          const at = (layer * batch.size + row) * STATE_SIZE;
          batch.stateN[at] = batch.state[at]! + 1;
        }
      }
    },
    async release() {
      script.released++;
    },
  };
  return { model, script, sizes, contexts };
}

const windowOf = (value: number) => new Int16Array(512).fill(value);
const settle = async () => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe("the model shared by all streams", () => {
  it("runs windows of one tick together, one window a stream, each in its order and context", async () => {
    const { model, sizes, contexts } = scriptedModel();
    const vad = sileroVadWith(`test-${keys++}`, async () => model);
    await vad.warm();
    const heard: number[][] = [[], [], []];
    for (const [i, mine] of heard.entries()) {
      const stream = vad.open();
      stream.push(windowOf(i * 10 + 1), (p) => mine.push(p));
      stream.push(windowOf(i * 10 + 2), (p) => mine.push(p));
    }
    await settle();
    expect(heard).toEqual([
      [1, 2],
      [11, 12],
      [21, 22],
    ]);
    expect(sizes).toEqual([3, 3]);
    expect(contexts).toEqual([0, 0, 0, 1, 11, 21]);
    await vad.close();
  });

  it("takes no more than sixteen at once and lets nobody starve", async () => {
    const { model, sizes } = scriptedModel();
    const vad = sileroVadWith(`test-${keys++}`, async () => model);
    await vad.warm();
    const heard = Array.from({ length: 40 }, () => 0);
    for (let i = 0; i < 40; i++) vad.open().push(concatWindows(3), () => heard[i]!++);
    await settle();
    expect(heard).toEqual(Array.from({ length: 40 }, () => 3));
    expect(Math.max(...sizes)).toBe(16);
    expect(sizes.length).toBeLessThanOrEqual(9);
    await vad.close();
  });

  it.each([
    { streams: 3, together: false },
    { streams: 8, together: true },
  ])("waits for others, or not, where $streams speak", async ({ streams, together }) => {
    const { model, sizes } = scriptedModel();
    const vad = sileroVadWith(`test-${keys++}`, async () => model);
    await vad.warm();
    const all = Array.from({ length: streams }, () => vad.open());
    let heard = 0;
    const push = (stream: (typeof all)[number]) => stream.push(windowOf(1), () => heard++);
    for (const stream of all) push(stream);
    await settle();
    expect(sizes).toEqual([streams]);
    // One after the other now, each long after the one before it would have run.
    for (const stream of all) {
      push(stream);
      for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => expect(heard).toBe(2 * streams));
    expect(sizes.length - 1 < streams).toBe(together);
    // Who is gone is not waited for: the last one alone is asked about at once.
    for (const stream of all.slice(1)) stream.close();
    push(all[0]!);
    await settle();
    expect(heard).toBe(2 * streams + 1);
    expect(sizes.at(-1)).toBe(1);
    await vad.close();
  });

  it.each(["fails", "is closed"])("owes nobody a word when it %s while it waits for others", async (what) => {
    const { model, script, sizes } = scriptedModel();
    const vad = sileroVadWith(`test-${keys++}`, async () => model);
    await vad.warm();
    const all = Array.from({ length: 8 }, () => vad.open());
    let heard = 0;
    for (const stream of all) stream.push(windowOf(1), () => heard++);
    await settle();
    script.fail = what === "fails";
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    all[0]!.push(windowOf(1), () => heard++);
    if (what === "is closed") await vad.close();
    vi.advanceTimersByTime(30);
    await settle();
    expect(sizes).toEqual([8]);
    expect(heard).toBe(what === "fails" ? 9 : 8);
    expect(vad.failure !== null).toBe(what === "fails");
    await vad.close();
    await settle();
    expect(script.released).toBe(1);
  });

  it("loads once for all Vads of a process and unloads with the last of them", async () => {
    const { model, script } = scriptedModel();
    const key = `test-${keys++}`;
    let loads = 0;
    const load = async () => {
      loads++;
      return model;
    };
    const [one, other] = [sileroVadWith(key, load), sileroVadWith(key, load)];
    await Promise.all([one.warm(), other.warm()]);
    one.open();
    expect(loads).toBe(1);
    await one.close();
    await one.close();
    expect(script.released).toBe(0);
    const heard: number[] = [];
    other.open().push(windowOf(5), (p) => heard.push(p));
    await settle();
    expect(heard).toEqual([5]);
    await other.close();
    expect(script.released).toBe(1);
  });

  it("keeps a bound: the oldest windows are judged by loudness, counted, and nothing comes out of order", async () => {
    const { model, script } = scriptedModel();
    const vad = sileroVadWith(`test-${keys++}`, async () => model);
    await vad.warm();
    const stream = vad.open();
    let letGo = () => {};
    script.held = new Promise((resolve) => {
      letGo = resolve;
    });
    const order: number[] = [];
    const fromModel: number[] = [];
    const total = QUEUE_WINDOWS + 20;
    const push = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        stream.push(windowOf(1000 + i), (p) => {
          order.push(i);
          if (p > 1) fromModel.push(p - 1000);
        });
      }
    };
    push(0, 1);
    await settle(); // window 0 is with the model now
    push(1, total);
    expect(vad.droppedWindows).toBe(20);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
    script.held = null;
    letGo();
    await settle();
    await settle();
    for (let i = 0; i < 20 && order.length < total; i++) await settle();
    expect(order).toEqual(Array.from({ length: total }, (_, i) => i));
    expect(fromModel[0]).toBe(20);
    await vad.close();
  });

  it("answers what is owed by loudness when the model stops working, tells once, and goes on", async () => {
    const { model, script } = scriptedModel();
    const told: string[] = [];
    const vad = sileroVadWith(
      `test-${keys++}`,
      async () => model,
      (error) => told.push(error.code),
    );
    await vad.warm();
    const stream = vad.open();
    const heard: number[] = [];
    stream.push(silence(320), () => {});
    await settle();
    script.fail = true;
    for (let i = 0; i < 5; i++) stream.push(windowOf(8000), (p) => heard.push(p));
    await settle();
    expect(heard).toHaveLength(5);
    for (const p of heard) expect(p).toBeGreaterThan(0.9);
    stream.push(noise(32, 16_000, -20), (p) => heard.push(p));
    expect(heard).toHaveLength(6);
    expect(told).toEqual(["vad-model-failed"]);
    await expect(vad.warm()).rejects.toMatchObject({ code: "vad-model-failed", message: /fell over/ });
    await vad.close();
  });

  it("reports nothing to a closed stream, and a close does not hold up the others", async () => {
    const { model } = scriptedModel();
    const vad = sileroVadWith(`test-${keys++}`, async () => model);
    const [closing, staying] = [vad.open(), vad.open()];
    const heard: string[] = [];
    closing.push(windowOf(1), () => heard.push("closing"));
    closing.push(windowOf(1), () => heard.push("closing"));
    staying.push(windowOf(1), () => heard.push("staying"));
    closing.close();
    closing.close();
    closing.push(windowOf(1), () => heard.push("closing"));
    await settle();
    expect(heard).toEqual(["staying"]);
    staying.push(windowOf(1), () => heard.push("after"));
    await vad.close();
    await settle();
    expect(heard).toEqual(["staying"]);
  });
});

function concatWindows(count: number): Int16Array {
  return new Int16Array(512 * count);
}
