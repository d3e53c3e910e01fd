import { EventEmitter } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { stopSignals } from "./stop-signals.ts";

describe("stop signals", () => {
  function setUp() {
    const source = new EventEmitter();
    let nowMs = 0;
    const signals = stopSignals(source, () => nowMs);
    let again = false;
    void signals.again.then(() => {
      again = true;
    });
    const send = async (signal: string, atMs: number) => {
      nowMs = atMs;
      source.emit(signal, signal);
      await Promise.resolve();
    };
    return { signals, send, again: () => again, source };
  }

  it("tells which came first, and takes an echo for the same one", async () => {
    const { signals, send, again } = setUp();
    await send("SIGINT", 1_000);
    await send("SIGINT", 1_200);
    await send("SIGTERM", 1_300);
    expect(await signals.first).toBe("SIGINT");
    expect(again()).toBe(false);
    await send("SIGINT", 2_000);
    expect(again()).toBe(true);
  });

  it("takes the loss of the npm that ran it for a SIGTERM", async () => {
    vi.useFakeTimers();
    let parent: number | null = 4711;
    const signals = stopSignals(new EventEmitter(), Date.now, () => parent);
    vi.advanceTimersByTime(5_000);
    parent = 1;
    vi.advanceTimersByTime(1_000);
    expect(await signals.first).toBe("SIGTERM");
    signals.close();
    vi.useRealTimers();
  });

  it("listens no longer once closed", () => {
    const { signals, source } = setUp();
    signals.close();
    expect(source.listenerCount("SIGINT") + source.listenerCount("SIGTERM")).toBe(0);
  });
});
