import { virtualClock } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { JoinGate } from "./join-gate.ts";

const never = new AbortController().signal;

describe("the join gate", () => {
  it("lets its limit in at a time, the rest in their order", async () => {
    const gate = new JoinGate(2);
    const log: string[] = [];
    const ends: (() => void)[] = [];
    const joins = ["a", "b", "c", "d"].map((name) =>
      gate.run(never, async () => {
        log.push(name);
        await new Promise<void>((end) => ends.push(end));
        return name;
      }),
    );
    await Promise.resolve();
    expect(log).toEqual(["a", "b"]);
    ends[1]?.();
    await joins[1];
    await new Promise(setImmediate);
    expect(log).toEqual(["a", "b", "c"]);
    ends[0]?.();
    ends[2]?.();
    await joins[0];
    await new Promise(setImmediate);
    ends[3]?.();
    expect(await Promise.all(joins)).toEqual(["a", "b", "c", "d"]);
  });

  it("gives a failed join's place to the next", async () => {
    const gate = new JoinGate(1);
    await expect(gate.run(never, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await gate.run(never, async () => "in")).toBe("in");
  });

  it("lets who gives up go without taking a place", async () => {
    const gate = new JoinGate(1);
    let end = () => {};
    const first = gate.run(never, () => new Promise<void>((resolve) => (end = resolve)));
    const cancel = new AbortController();
    const second = gate.run(cancel.signal, async () => "second");
    const third = gate.run(never, async () => "third");
    cancel.abort();
    await expect(second).rejects.toMatchObject({ code: "join-cancelled", category: "cancelled" });
    end();
    await first;
    expect(await third).toBe("third");
    expect(await gate.run(never, async () => "fourth")).toBe("fourth");
    const aborted = AbortSignal.abort();
    void gate.run(never, () => new Promise<void>((resolve) => (end = resolve)));
    await expect(gate.run(aborted, async () => "fifth")).rejects.toMatchObject({ code: "join-cancelled" });
    end();
  });

  it("refuses at once whoever would wait behind too many", async () => {
    const gate = new JoinGate(1, { maxWaiting: 2 });
    const ends: (() => void)[] = [];
    const join = () => gate.run(never, () => new Promise<void>((end) => ends.push(end)));
    const taken = [join(), join(), join()];
    await expect(join()).rejects.toMatchObject({ code: "join-queue-full", category: "refused", retryable: true });
    for (const each of taken) {
      ends.shift()?.();
      await each;
      await new Promise(setImmediate);
    }
    expect(await gate.run(never, async () => "in")).toBe("in");
  });

  it("lets nobody wait for ever behind joins that hang, and keeps the others' order", async () => {
    const clock = virtualClock();
    const gate = new JoinGate(1, { maxWaitMs: 1_000, clock });
    let end = () => {};
    const hanging = gate.run(never, () => new Promise<void>((resolve) => (end = resolve)));
    const second = gate.run(never, async () => "second");
    const refused = expect(second).rejects.toMatchObject({ code: "join-queue-timeout", category: "timeout" });
    await clock.advance(600);
    const third = gate.run(never, async () => "third");
    await clock.advance(600);
    await refused;
    end();
    await hanging;
    expect([await third, clock.pending]).toEqual(["third", 0]);
  });
});
