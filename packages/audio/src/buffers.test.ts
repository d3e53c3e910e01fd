import { describe, expect, it } from "vitest";
import { concat } from "./concat.ts";
import { Framer } from "./framer.ts";
import { SampleRing } from "./ring.ts";

const count = (from: number, length: number) => Int16Array.from({ length }, (_, i) => from + i);

describe("Framer", () => {
  it("cuts chunks of any length into whole frames, in order, losing nothing", () => {
    const framer = new Framer(4);
    const frames: number[][] = [];
    const keep = (frame: Int16Array) => frames.push([...frame]);
    for (const chunk of [count(0, 3), count(3, 0), count(3, 10), count(13, 1)]) framer.push(chunk, keep);
    expect(frames).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
    framer.flush(keep);
    expect(frames.at(-1)).toEqual([12, 13, 0, 0]);
    framer.flush(keep);
    expect(frames).toHaveLength(4);
  });

  it("hands out one buffer that is no view of another", () => {
    const framer = new Framer(160);
    const seen = new Set<ArrayBufferLike>();
    framer.push(count(0, 800), (frame) => {
      expect(frame.byteOffset).toBe(0);
      expect(frame.buffer.byteLength).toBe(320);
      seen.add(frame.buffer);
    });
    expect(seen.size).toBe(1);
  });

  it("hands on what is a whole frame already, but no view of a longer buffer", () => {
    const framer = new Framer(4);
    const handed: Int16Array[] = [];
    const whole = count(0, 4);
    framer.push(whole, (frame) => handed.push(frame));
    framer.push(count(0, 8).subarray(4), (frame) => handed.push(frame.slice()));
    framer.push(count(8, 1), () => {});
    framer.push(count(9, 4), (frame) => handed.push(frame.slice()));
    expect(handed[0]).toBe(whole);
    expect(handed.slice(1).map((frame) => [...frame])).toEqual([
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
  });

  it("goes on after an onFrame that threw", () => {
    const framer = new Framer(2);
    expect(() =>
      framer.push(count(0, 2), () => {
        throw new Error("no");
      }),
    ).toThrow("no");
    const frames: number[][] = [];
    framer.push(count(5, 2), (frame) => frames.push([...frame]));
    expect(frames).toEqual([[5, 6]]);
  });

  it("refuses a frame of no length", () => {
    expect(() => new Framer(0)).toThrow(RangeError);
    expect(() => new Framer(1.5)).toThrow(/1.5/);
  });
});

describe("SampleRing", () => {
  it("holds the newest samples and never more than its capacity", () => {
    const ring = new SampleRing(5);
    ring.write(count(0, 3));
    expect([...ring.takeLast(10)]).toEqual([0, 1, 2]);
    ring.write(count(3, 4));
    expect(ring.length).toBe(5);
    expect([...ring.takeLast(5)]).toEqual([2, 3, 4, 5, 6]);
    expect([...ring.takeLast(2)]).toEqual([5, 6]);
    ring.write(count(100, 12));
    expect([...ring.takeLast(99)]).toEqual([107, 108, 109, 110, 111]);
  });

  it("agrees with a plain array over many odd writes", () => {
    const ring = new SampleRing(37);
    const plain: number[] = [];
    for (let i = 0; i < 200; i++) {
      const chunk = count(i * 50, (i * 7) % 45);
      ring.write(chunk);
      plain.push(...chunk);
      expect(ring.length).toBe(Math.min(37, plain.length));
      const n = i % 40;
      expect([...ring.takeLast(n)]).toEqual(n === 0 ? [] : plain.slice(-37).slice(-n));
    }
  });

  it("gives copies, is empty after clear, refuses no capacity", () => {
    const ring = new SampleRing(4);
    ring.write(count(1, 4));
    ring.takeLast(4).fill(0);
    expect([...ring.takeLast(4)]).toEqual([1, 2, 3, 4]);
    expect(ring.takeLast(-1)).toHaveLength(0);
    ring.clear();
    expect(ring.length).toBe(0);
    expect(ring.takeLast(4)).toHaveLength(0);
    expect(() => new SampleRing(0)).toThrow(RangeError);
  });
});

describe("concat", () => {
  it("joins chunks in order into new memory", () => {
    expect([...concat([count(0, 2), count(2, 0), count(2, 3)])]).toEqual([0, 1, 2, 3, 4]);
    expect(concat([])).toHaveLength(0);
    const one = count(0, 2);
    expect(concat([one])).not.toBe(one);
  });
});
