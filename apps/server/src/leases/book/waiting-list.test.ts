import { describe, expect, test } from "vitest";
import { call, type TestBook, testBook } from "../../test/book.ts";
import { usualTimings } from "../timings.ts";

const { waitMs } = usualTimings;
const no = (reason: string) => ({ ok: false, reason });

const waiting = (callId: string) => ({
  callId,
  room: `room-${callId}`,
  agentName: "desk",
  metadata: `{"of":"${callId}"}`,
});
const wait = (t: TestBook, callId: string, untilMs = t.now + waitMs) => {
  t.book.wait(t.now, { ...waiting(callId), untilMs });
  t.pass(100);
};
const unserved = (t: TestBook) => t.effects.filter((effect) => effect.type === "unserved");

describe("a call that nobody has begun", () => {
  test("goes at once to a worker that has room, with what it begins with; it is no crash", () => {
    const t = testBook();
    t.here("a");
    wait(t, "c");
    expect(t.effects).toEqual([
      {
        type: "order",
        callId: "c",
        to: "a",
        room: "room-c",
        identity: "agent-c",
        agentName: "desk",
        crashes: 0,
        metadata: '{"of":"c"}',
        next: null,
      },
    ]);
    const epoch = t.answer("c");
    t.lease("a", [call("c", { epoch })]);
    t.pass(waitMs * 2);
    expect([t.ordered(), t.book.ownerOf("c"), t.book.isWaiting("c"), unserved(t)]).toEqual([["c>a"], "a", false, []]);
  });

  test.for<[what: string, worker: { agent?: string; draining?: boolean; open?: boolean }]>([
    ["is full", { open: false }],
    ["drains", { draining: true }],
    ["runs another agent", { agent: "sales" }],
  ])("is not ordered to a worker that %s; it is when one has room", ([_what, worker]) => {
    const t = testBook();
    t.here("a", [], worker);
    wait(t, "c");
    t.pass(20_000);
    expect([t.ordered(), t.book.isWaiting("c")]).toEqual([[], true]);
    t.here("b");
    t.pass(100);
    expect(t.ordered()).toEqual(["c>b"]);
  });

  test("a place that is free again goes to who has waited longest, and only to one of them", () => {
    const t = testBook();
    t.here("a", [call("running")], { open: false });
    for (const callId of ["x", "y", "z"]) wait(t, callId);
    t.lease("a", []);
    t.pass(500);
    expect(t.ordered()).toEqual(["x>a"]);
    const epoch = t.answer("x");
    t.lease("a", [call("x", { epoch })], { open: false });
    t.pass(5_000);
    expect(t.ordered()).toEqual(["x>a"]);
    t.lease("a", []);
    t.pass(100);
    expect(t.ordered()).toEqual(["x>a", "y>a"]);
  });

  test("refused by one it goes to the next; when all have refused, to whoever has room a second later", () => {
    const t = testBook();
    t.here("a");
    t.here("b");
    wait(t, "c");
    t.answer("c", no("load"));
    t.answer("c", no("load"));
    t.pass(800);
    expect(t.ordered()).toEqual(["c>a", "c>b"]);
    t.pass(400);
    expect(t.ordered()).toEqual(["c>a", "c>b", "c>a"]);
  });

  test("is given up when its time is over, and not taken up again", () => {
    const t = testBook();
    t.here("a", [], { open: false });
    wait(t, "c");
    t.pass(waitMs - 1_000);
    expect(unserved(t)).toEqual([]);
    t.pass(1_100);
    const told = { callId: "c", room: "room-c", agentName: "desk", metadata: '{"of":"c"}' };
    expect(unserved(t)).toMatchObject([{ call: told, reason: "no-worker" }]);
    t.lease("a", []);
    wait(t, "c");
    expect([t.ordered(), t.book.knows("c"), t.book.isWaiting("c")]).toEqual([[], true, false]);
  });

  test("one that the agent's author does not want is offered to nobody else", () => {
    const t = testBook();
    t.here("a");
    t.here("b");
    wait(t, "c");
    t.answer("c", no("declined"));
    t.pass(waitMs);
    expect([t.ordered(), unserved(t).map(({ reason }) => reason)]).toEqual([["c>a"], ["declined"]]);
  });

  test("one whose caller has left is nobody's any more", () => {
    const t = testBook();
    t.here("a", [], { open: false });
    wait(t, "c");
    t.book.withdraw("c");
    t.lease("a", []);
    t.pass(waitMs);
    expect([t.ordered(), t.book.knows("c"), unserved(t)]).toEqual([[], false, []]);
    // What somebody runs is not withdrawn.
    t.lease("a", [call("c")]);
    t.book.withdraw("c");
    expect(t.book.ownerOf("c")).toBe("a");
  });

  test("a worker that LiveKit has offered it to after all may have it, while no other is asked", () => {
    const claim = { callId: "c", epoch: null, storedEpoch: 0, storedLive: false };
    const t = testBook();
    t.here("a", [], { open: false });
    t.here("b", [], { open: false });
    wait(t, "c");
    expect(t.book.claim(t.now, "a", claim)).toMatchObject({ granted: true });
    expect(t.book.claim(t.now, "b", claim)).toMatchObject({ granted: false, owner: "a" });
    t.lease("b", []);
    t.lease("a", [call("c")], { open: false });
    t.pass(20_000);
    expect([t.ordered(), t.book.ownerOf("c")]).toEqual([[], "a"]);

    wait(t, "d");
    expect(t.ordered()).toEqual(["d>b"]);
    expect(t.book.claim(t.now, "a", { ...claim, callId: "d" })).toMatchObject({ granted: false, owner: "b" });
  });

  test("a worker that takes it and vanishes before it has begun has not crashed by it", () => {
    const t = testBook();
    t.here("a");
    wait(t, "c");
    t.answer("c");
    t.gone("a");
    t.here("b");
    t.pass(2_000);
    expect(t.effects.at(-1)).toMatchObject({ type: "order", to: "b", crashes: 0, metadata: '{"of":"c"}' });
  });

  test("once begun, it is lost and recovered like any other", () => {
    const t = testBook();
    t.here("a");
    wait(t, "c");
    const epoch = t.answer("c");
    t.lease("a", [call("c", { epoch })]);
    t.gone("a");
    t.here("b", [], { open: false });
    t.pass(2_000);
    expect(t.effects.at(-1)).toMatchObject({ type: "order", to: "b", crashes: 1, metadata: null });
  });

  test("one that was made a moment ago is nobody's: it does not wait for the lease to pass; asked for again, it does", () => {
    const t = testBook({ fresh: true });
    t.here("a");
    t.book.wait(t.now, { ...waiting("c"), untilMs: t.now + waitMs, isMinted: true });
    t.pass(100);
    expect(t.ordered()).toEqual(["c>a"]);
    // It may have it, and nobody has heard of it since.
    t.answer("c", no("line-lost"));
    t.here("b");
    t.pass(14_000);
    expect(t.ordered()).toEqual(["c>a"]);
    t.pass(2_000);
    expect(t.ordered()).toEqual(["c>a", "c>b"]);
  });

  test("nothing is ordered in the lease after the server's start: whoever has it may not be back yet", () => {
    const t = testBook({ fresh: true });
    t.here("a");
    wait(t, "c");
    t.pass(14_000);
    expect(t.ordered()).toEqual([]);
    t.pass(1_100);
    expect(t.ordered()).toEqual(["c>a"]);
  });
});
