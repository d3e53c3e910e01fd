import { describe, expect, it } from "vitest";
import { Drive } from "../../../test/drive.ts";
import { recoverState } from "../../replay.ts";

const pausesOf = (call: Drive) => (call.state.turns.pauses.p ?? []).map((pause) => pause.ms);

/** Speech, a pause, speech: one turn of two stretches, which is ended and forgotten. */
function pauseFor(call: Drive, ms: number, turn: number): void {
  call.speak(400);
  call.after(ms);
  call.speak(400);
  call.heard("one", `t${turn}`, 0);
  call.heard("two.", `t${turn}`, 1);
  call.after(10_000);
}

describe("pauses of a caller", () => {
  it("are those after which he went on in the same turn", () => {
    const call = Drive.call();
    pauseFor(call, 700, 1);
    pauseFor(call, 300, 2);
    expect(pausesOf(call)).toEqual([700, 300]);
  });

  it("are those, too, that a policy took for the end", () => {
    const call = Drive.call({ endpointing: { policy: "fixed", minMs: 300 } });
    call.speak(400);
    call.heard("A table.");
    expect(call.after(300)).toContain("turn-committed");
    call.after(500);
    call.begin();
    expect(pausesOf(call)).toEqual([800]);
  });

  it("are none when the answer was heard before, or much later, or a message was typed", () => {
    const interrupts = Drive.speaking();
    interrupts.begin();
    expect(pausesOf(interrupts)).toEqual([]);
    const later = Drive.call({ endpointing: { policy: "fixed", minMs: 300 } });
    later.speak(400);
    later.heard("A table.");
    later.after(2_100);
    later.begin();
    expect(pausesOf(later)).toEqual([]);
    const types = Drive.call();
    types.typed("A table.");
    types.after(500);
    types.begin();
    expect(pausesOf(types)).toEqual([]);
  });

  it("show what a full stop of this recogniser is worth", () => {
    const call = Drive.call();
    call.speak(400);
    call.heard("I want a table.", "t1", 0);
    call.after(250);
    call.speak(400);
    expect(call.state.turns.pauses.p).toEqual([{ ms: 250, stopped: true }]);
    call.heard("For two?", "t1", 1);
    call.after(250);
    call.begin();
    expect(call.state.turns.pauses.p?.at(-1)).toEqual({ ms: 250, stopped: false });
  });

  it("are each person's own, and only the last twelve", () => {
    const call = Drive.call();
    call.join("q");
    for (let n = 1; n <= 15; n++) pauseFor(call, 300 + n, n);
    expect(pausesOf(call)).toEqual(Array.from({ length: 12 }, (_, i) => 304 + i));
    expect(call.state.turns.pauses.q).toBeUndefined();
  });

  it.each(["constructor", "__proto__", "7"])("are kept of somebody who is called %s, too", (id) => {
    const call = Drive.call();
    call.join(id);
    for (let turn = 0; turn < 2; turn++) {
      call.speak(400, id);
      call.after(300);
      call.speak(400, id);
      call.after(30_000);
    }
    expect(Object.getOwnPropertyNames(call.state.turns.pauses)).toEqual([id]);
    expect(Object.values(call.state.turns.pauses)[0]?.map((pause) => pause.ms)).toEqual([300, 300]);
  });

  it("are kept of sixteen people", () => {
    const call = Drive.call();
    for (let n = 1; n <= 20; n++) {
      const id = `p${n}`;
      call.join(id);
      call.speak(400, id);
      call.after(300);
      call.begin(id);
      call.leave(id);
    }
    expect(Object.keys(call.state.turns.pauses)).toEqual(Array.from({ length: 16 }, (_, i) => `p${i + 5}`));
  });

  it("make the next silence longer, and are known to a process that takes the call over", () => {
    const waitOf = (call: Drive, turn: number) => {
      call.speak(400);
      call.heard("a table", `t${turn}`);
      const from = call.now;
      while (!call.after(10).includes("turn-committed"));
      return call.now - from;
    };
    const fresh = waitOf(Drive.call(), 1);
    const slow = Drive.call();
    for (let n = 1; n <= 6; n++) pauseFor(slow, 900, n);
    const copy = slow.log.slice();
    expect(waitOf(slow, 7)).toBeGreaterThan(fresh + 100);
    const seen = { ms: 900, stopped: false };
    expect(recoverState(copy).state.turns.pauses).toEqual({ p: [seen, seen, seen, seen, seen, seen] });
    const untaught = Drive.call({ endpointing: { learn: false } });
    for (let n = 1; n <= 6; n++) pauseFor(untaught, 900, n);
    expect(waitOf(untaught, 7)).toBe(fresh);
  });
});

describe("what a turn detector says of a pause", () => {
  const settings = { endpointing: { policy: "adaptive" as const, minMs: 400, maxMs: 1400 } };
  const predict = (call: Drive, probability: number, segment = 0, turnId = "t1") =>
    call.feed({ type: "turn-end-predicted", participantId: "p", turnId, segment, probability });

  it("keeps a finished sentence open when it hears that somebody goes on", () => {
    const call = Drive.call(settings);
    call.speak(500);
    call.heard("A table.");
    call.after(200);
    expect(predict(call, 0)).toEqual([]);
    expect(call.after(1199)).toEqual([]);
    expect(call.after(1)).toContain("turn-committed");
  });

  it("ends a turn sooner when it hears its end, at once when that silence is over", () => {
    const call = Drive.call(settings);
    call.speak(500);
    call.heard("a table");
    call.after(550);
    expect(predict(call, 1)).toContain("turn-committed");
  });

  it("is too late for a turn that has ended, for speech that goes on, and for an earlier pause", () => {
    const call = Drive.call(settings);
    call.speak(500);
    call.heard("A table.");
    call.after(400);
    expect(predict(call, 0)).toEqual([]);
    const on = Drive.call(settings);
    on.speak(500);
    on.after(200);
    on.begin();
    predict(on, 0);
    on.after(300);
    on.pause();
    predict(on, 0);
    on.heard("A table", "t1", 0);
    on.heard("for two.", "t1", 1);
    expect(on.after(400)).toContain("turn-committed");
  });
});
