import { describe, expect, it } from "vitest";
import { hang, pause } from "./pause.ts";
import { outsideClock, virtualClock } from "./virtual-clock.ts";

describe("virtualClock", () => {
  it("runs due timers in the order of their time, then of their setting, and no others", async () => {
    const clock = virtualClock();
    const ran: string[] = [];
    clock.after(20, () => ran.push(`b@${clock.now()}`));
    clock.after(10, () => ran.push(`a@${clock.now()}`));
    clock.after(20, () => ran.push(`c@${clock.now()}`));
    clock.after(21, () => ran.push("late"));
    const cancel = clock.after(15, () => ran.push("cancelled"));
    cancel();
    cancel();
    await clock.advance(20);
    expect(ran).toEqual(["a@10", "b@20", "c@20"]);
    expect(clock.now()).toBe(20);
    expect(clock.pending).toBe(1);
  });

  it("lets promises run between timers, so that what they set falls due in the same advance", async () => {
    const clock = virtualClock({ startMs: 100 });
    const times: number[] = [];
    const never = new AbortController().signal;
    const loop = (async () => {
      for (let i = 0; i < 5; i++) {
        await pause(clock, 10, never, () => new Error());
        await Promise.resolve().then(() => Promise.resolve());
        times.push(clock.now());
      }
    })();
    await clock.advance(45);
    expect(times).toEqual([110, 120, 130, 140]);
    await clock.advance(5);
    await loop;
    expect(times).toEqual([110, 120, 130, 140, 150]);
  });

  it("keeps wall time in step, and refuses to go back", async () => {
    const clock = virtualClock({ wallMs: 1_000_000 });
    await clock.advance(1500);
    expect(clock.wall()).toBe(1_001_500);
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
    await expect(clock.advance(Number.NaN)).rejects.toThrow(RangeError);
  });

  it("moves one advance after the other", async () => {
    const clock = virtualClock();
    const seen: number[] = [];
    clock.after(5, () => seen.push(clock.now()));
    clock.after(15, () => seen.push(clock.now()));
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect(seen).toEqual([5, 15]);
    expect(clock.now()).toBe(20);
  });

  it("rejects with what a timer throws and goes on afterwards; finds timers that set each other", async () => {
    const clock = virtualClock();
    clock.after(1, () => {
      throw new Error("from the timer");
    });
    let later = false;
    clock.after(2, () => {
      later = true;
    });
    await expect(clock.advance(5)).rejects.toThrow("from the timer");
    await clock.advance(5);
    expect(later).toBe(true);
    const again = () => void clock.after(0, again);
    again();
    await expect(clock.advance(1)).rejects.toThrow(/set each other/);
  });

  it("stands still: what falls due meanwhile runs late, in its order, what comes from outside after it", async () => {
    const clock = virtualClock();
    const outside = outsideClock(clock);
    const ran: string[] = [];
    outside.after(20, () => ran.push(`sound@${clock.now()}`));
    clock.after(30, () => ran.push(`timer@${clock.now()}`));
    outside.after(40, () => ran.push("cancelled"))();
    clock.after(10, () => clock.block(5_000));
    await clock.advance(15);
    expect(clock.now()).toBe(5_010);
    expect(ran).toEqual([]);
    await clock.advance(0);
    expect(ran).toEqual(["timer@5010", "sound@5010"]);
    outside.after(20, () => ran.push(`later@${clock.now()}`));
    await clock.advance(20);
    expect(ran.at(-1)).toBe("later@5030");
  });

  it("runs until a promise settles, within a limit", async () => {
    const clock = virtualClock();
    const value = new Promise((resolve) => clock.after(300, () => resolve("done")));
    await expect(clock.until(value)).resolves.toBe("done");
    expect(clock.now()).toBe(300);
    clock.after(90_000, () => {});
    await expect(clock.until(new Promise(() => {}))).rejects.toThrow(/not settled within 60000 ms/);
    await clock.advance(100_000);
    await expect(clock.until(new Promise(() => {}))).rejects.toThrow(/nothing is left/);
    await expect(clock.until(Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  });
});

describe("pause and hang", () => {
  it("end with the signal, at once, leaving no timer behind", async () => {
    const clock = virtualClock();
    const scope = new AbortController();
    const waits = [
      pause(clock, 1000, scope.signal, () => new Error("stopped")),
      hang(scope.signal, () => new Error("stopped")),
    ];
    scope.abort();
    for (const wait of waits) await expect(wait).rejects.toThrow("stopped");
    expect(clock.pending).toBe(0);
    await expect(pause(clock, 0, scope.signal, () => new Error("before"))).rejects.toThrow("before");
  });
});
