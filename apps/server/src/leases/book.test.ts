import type { Gone } from "@parley/uplink";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { call, testBook } from "../test/book.ts";

const no = { ok: false, reason: "full" };

describe("who is lost, and when", () => {
  test.for<[what: string, how: Gone, backAfterMs: number | null, orderedAfterMs: number | null]>([
    ["a broken line that is not back", "lost", null, 700],
    ["a broken line that is back in time", "lost", 600, null],
    ["a line that this end closed, and that is back within a lease", "closed-by-us", 14_900, null],
    ["a line that this end closed, and that never comes back", "closed-by-us", null, 15_000],
    ["a goodbye in the middle of calls", "goodbye", null, 700],
  ])("%s", ([_what, how, backAfterMs, orderedAfterMs]) => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    const goneAt = t.now;
    t.gone("a", how);
    if (backAfterMs !== null) {
      t.pass(backAfterMs);
      t.here("a", [call("c")]);
      t.pass(60_000);
      expect(t.ordered()).toEqual([]);
      return;
    }
    while (t.ordered().length === 0 && t.now < goneAt + 60_000) t.pass(100);
    expect([t.ordered(), t.now - goneAt]).toEqual([["c>b"], orderedAfterMs]);
  });

  test("a worker that leaves in good order loses nothing", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.lease("a", []);
    t.gone("a", "goodbye");
    t.pass(60_000);
    expect(t.effects).toEqual([]);
  });

  test("calls that ended are nobody's loss; the one that runs goes on with what is known of it", () => {
    const t = testBook();
    t.here("a", [call("ended"), call("c", { crashes: 1 })]);
    t.here("b");
    t.lease("a", [call("c", { crashes: 1 })]);
    t.gone("a");
    t.pass(1_000);
    const { room, identity, agentName } = call("c");
    expect(t.effects).toEqual([
      { type: "worker-lost", worker: "a", calls: 1 },
      { type: "order", callId: "c", to: "b", room, identity, agentName, crashes: 2 },
    ]);
  });

  test("a call outside of any room is given up: nobody could enter it", () => {
    const t = testBook();
    t.here("a", [call("c", { room: null })]);
    t.here("b");
    t.gone("a");
    t.pass(5_000);
    expect(t.effects).toContainEqual({ type: "given-up", callId: "c", reason: "no-room" });
    expect(t.ordered()).toEqual([]);
  });
});

describe("nothing is taken over while it is not known who lives", () => {
  test("for a lease after the start; whoever is back by then keeps its calls", () => {
    const t = testBook({ fresh: true });
    t.here("a", [call("c")]);
    t.here("b", [call("d")]);
    t.here("spare");
    t.gone("a");
    t.gone("b");
    t.pass(14_000);
    expect(t.ordered()).toEqual([]);
    t.here("a", [call("c")]);
    t.pass(1_100);
    expect(t.ordered()).toHaveLength(1);
    expect(t.ordered()[0]).toMatch(/^d>/);
  });

  test("while the store fails, and for a lease after the last failure", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.gone("a");
    for (let i = 0; i < 30; i += 1) {
      t.book.hold(t.now);
      t.pass(2_000);
    }
    expect(t.ordered()).toEqual([]);
    t.pass(12_900);
    expect(t.ordered()).toEqual([]);
    t.pass(200);
    expect(t.ordered()).toEqual(["c>b"]);
  });

  test("nor is a call that was lost before", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.gone("a");
    t.pass(5_000);
    t.book.hold(t.now);
    t.here("b");
    t.pass(14_900);
    expect(t.ordered()).toEqual([]);
    t.pass(1_200);
    expect(t.ordered()).toEqual(["c>b"]);
  });

  test("after this process stood still: all lines are broken, and all workers live", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.now += 8_000;
    t.gone("a");
    t.pass(10_000);
    t.here("a", [call("c")]);
    t.pass(30_000);
    expect(t.ordered()).toEqual([]);
  });
});

describe("who takes over", () => {
  test("the emptiest that runs the agent, is here, and wants calls", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("busy", [call("x"), call("y")]);
    t.here("other", [], { agent: "sales" });
    t.here("nameless", [], { agent: null });
    t.here("draining", [], { draining: true });
    t.here("away", []);
    t.gone("away");
    t.here("right", [call("z")]);
    t.gone("a");
    t.pass(1_000);
    expect(t.ordered()).toEqual(["c>right"]);
  });

  test("many calls are spread", () => {
    const t = testBook();
    t.here(
      "a",
      Array.from({ length: 10 }, (_, i) => call(`c${i}`)),
    );
    t.here("b");
    t.here("c", [call("x"), call("y")]);
    t.gone("a");
    t.pass(1_000);
    const count = (id: string) => t.ordered().filter((order) => order.endsWith(`>${id}`)).length;
    expect([count("b"), count("c")]).toEqual([6, 4]);
  });

  test("one that refuses is not asked again in that round; each order has an epoch of its own, above the store's", () => {
    const t = testBook();
    t.here("a", [call("c", { epoch: 2 })]);
    t.here("b");
    t.here("d");
    t.gone("a");
    t.pass(1_000);
    expect(t.answer("c", no, 7)).toBe(1_000);
    expect(t.answer("c", no, 2_500)).toBe(3_000);
    expect(t.ordered()).toEqual(["c>b", "c>d"]);
    t.pass(1_100);
    expect(t.ordered()).toEqual(["c>b", "c>d", "c>b"]);
    expect(t.answer("c")).toBe(4_000);
    t.lease("b", [call("c", { epoch: 4_000, crashes: 1 })]);
    t.pass(60_000);
    expect(t.ordered()).toHaveLength(3);
    expect(t.book.ownerOf("c")).toBe("b");
  });

  test("nobody is there: said once, and tried again until somebody comes", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.gone("a");
    t.pass(120_000);
    expect(t.effects.filter((effect) => effect.type === "nobody-there")).toHaveLength(1);
    t.here("late");
    t.pass(1_100);
    expect(t.ordered()).toEqual(["c>late"]);
  });

  test("nobody for ten minutes: given up", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.gone("a");
    t.pass(602_000);
    expect(t.effects).toContainEqual({ type: "given-up", callId: "c", reason: "no-worker" });
    t.here("late");
    t.pass(5_000);
    expect(t.ordered()).toEqual([]);
  });

  test("an owner that is back after its call was given away has lost it, and may take it again like others", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.gone("a");
    t.pass(1_000);
    t.here("a", [call("c")]);
    expect(t.answer("c")).toBe(1_000);
    t.lease("b", [call("c", { epoch: 1_000 })]);
    t.lease("a", [call("c")]);
    expect(t.book.ownerOf("c")).toBe("b");
  });

  test("an owner that is back while the others refuse has it again", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.gone("a");
    t.pass(1_000);
    t.here("a", [call("c")]);
    t.answer("c", no);
    t.pass(10_000);
    expect([t.ordered(), t.book.ownerOf("c")]).toEqual([["c>b"], "a"]);
  });

  test("one whose line breaks over the order has time to come back with the call", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.here("d", [call("x")]);
    t.gone("a");
    t.pass(1_000);
    t.gone("b");
    const epoch = t.answer("c", { ok: false, reason: "line-lost" });
    t.pass(500);
    t.here("b", [call("c", { epoch })]);
    t.pass(10_000);
    expect([t.ordered(), t.book.ownerOf("c")]).toEqual([["c>b"], "b"]);
  });

  test("once the new owner reads the log, an old one that is back has lost it, whatever becomes of the order", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.here("d", [call("x")]);
    t.gone("a");
    t.pass(1_000);
    expect(t.book.fence("b", "c")).toBe(null);
    const epoch = t.book.epochFor("c", "b", 0) ?? 0;
    expect([t.book.fence("d", "c"), t.book.fence("b", "c")]).toEqual([null, epoch]);
    t.here("a", [call("c", { epoch: 3 })]);
    t.book.answered(t.now, "c", { to: "b", epoch }, no);
    t.pass(100);
    expect(t.ordered()).toEqual(["c>b", "c>d"]);
    expect(t.book.claim(t.now, "a", { callId: "c", epoch: 3, storedEpoch: 0, storedLive: true })).toMatchObject({
      granted: false,
      epoch,
    });
    expect(t.answer("c")).toBeGreaterThan(epoch);
    expect(t.book.fence("d", "c")).toBe(null);
  });

  test("one that has taken it and still looks for a place for it has time", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.gone("a");
    t.pass(1_000);
    const epoch = t.answer("c");
    for (let i = 0; i < 10; i += 1) {
      t.lease("b", [call("c", { epoch: epoch - 1 })]);
      t.pass(5_000);
    }
    t.lease("b", [call("c", { epoch })]);
    t.pass(60_000);
    expect([t.ordered(), t.book.ownerOf("c")]).toEqual([["c>b"], "b"]);
  });

  test("one that said yes and never leases the call is not believed for ever", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.gone("a");
    t.pass(1_000);
    t.answer("c");
    t.pass(9_900);
    expect(t.ordered()).toHaveLength(1);
    t.pass(300);
    expect(t.ordered()).toHaveLength(2);
    expect(t.effects.at(-1)).toMatchObject({ crashes: 2 });
  });

  test("what the store holds as ended is not ordered again", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.gone("a");
    t.pass(1_000);
    t.book.ended(t.now, "c");
    t.pass(60_000);
    expect(t.ordered()).toHaveLength(1);
  });

  test("a call found live in the store waits for the worker that still ships its log", () => {
    const t = testBook();
    t.here("b");
    t.lease("b", [], { unshipped: ["c"] });
    expect(t.book.knows("c")).toBe(true);
    t.book.found(t.now, { callId: "c", epoch: 4, room: "r", identity: "agent-c", agentName: "desk" });
    t.pass(10_000);
    expect(t.ordered()).toEqual([]);
    t.lease("b", []);
    expect(t.ordered()).toEqual(["c>b"]);
    expect(t.answer("c")).toBe(1_000);
  });
});

describe("claims", () => {
  const claim = (
    t: ReturnType<typeof testBook>,
    id: string,
    epoch: number | null,
    storedEpoch = 0,
    storedLive = false,
  ) => t.book.claim(t.now, id, { callId: "c", epoch, storedEpoch, storedLive });

  test("a new call is granted once, above what the store knows", () => {
    const t = testBook();
    t.here("a");
    t.here("b");
    expect(claim(t, "a", null, 3)).toEqual({ granted: true, epoch: 3, owner: null });
    expect(claim(t, "b", null, 3)).toEqual({ granted: false, epoch: 3, owner: "a" });
    // Its answer was lost with the line.
    expect(claim(t, "a", null, 3)).toMatchObject({ granted: true });
    t.lease("a", []);
    expect(claim(t, "b", null, 3)).toMatchObject({ granted: false });
    t.pass(10_100);
    expect(claim(t, "b", null, 3)).toMatchObject({ granted: true });
  });

  test("a call that runs somewhere, nobody knows where, is not new", () => {
    const t = testBook({ fresh: true });
    t.here("b");
    expect(claim(t, "b", null, 3, true)).toEqual({ granted: false, epoch: 3, owner: null });
    // Whoever runs it may go on.
    expect(claim(t, "b", 3, 3, true)).toMatchObject({ granted: true });
  });

  test("a call that has ended may begin anew, though its last facts are not stored yet", () => {
    const t = testBook();
    t.here("a", [call("c", { epoch: 3 })]);
    t.here("b");
    t.lease("a", []);
    expect(claim(t, "b", null, 3, true)).toMatchObject({ granted: true, epoch: 3 });
  });

  test("nothing is taken over of a call that was only claimed", () => {
    const t = testBook();
    t.here("a");
    t.here("b");
    claim(t, "a", null);
    t.gone("a");
    t.pass(30_000);
    expect(t.effects).toEqual([]);
  });

  test.for<[epoch: number | null, who: string, granted: boolean, owner: string | null]>([
    [null, "b", false, "a"],
    [2, "b", false, "a"],
    [1, "a", false, "a"],
    [2, "a", true, null],
    [3, "a", true, null],
  ])("epoch %s by %s of a's call of epoch 2", ([epoch, who, granted, owner]) => {
    const t = testBook();
    t.here("a", [call("c", { epoch: 2 })]);
    t.here("b");
    expect(claim(t, who, epoch)).toMatchObject({ granted, owner });
    // For a moment without a line it is still its owner.
    t.gone("a");
    expect(claim(t, "b", null)).toEqual({ granted: false, epoch: 2, owner: "a" });
  });

  test("a lost call goes to whom it is ordered, or back to its owner, never to a newcomer", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b", [], { draining: true });
    t.gone("a");
    t.pass(5_000);
    expect(claim(t, "b", null)).toEqual({ granted: false, epoch: 1, owner: null });
    t.here("a");
    expect(claim(t, "a", 1)).toMatchObject({ granted: true });
    t.lease("a", [call("c")]);
    expect(t.book.ownerOf("c")).toBe("a");
  });

  test("while another worker is asked to take it, its owner has lost it", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.gone("a");
    t.pass(1_000);
    t.here("a");
    expect(claim(t, "a", 1)).toMatchObject({ granted: false, owner: "b" });
  });
});

describe("hand-over", () => {
  const handedOver = (t: ReturnType<typeof testBook>) => t.effects.filter((effect) => effect.type === "handed-over");

  test("to another worker; it is no crash, and needs no lease to pass", () => {
    const t = testBook({ fresh: true });
    t.here("a", [call("c", { crashes: 1 })], { draining: true });
    t.here("b");
    t.book.handOver(t.now, "a", { callId: "c", epoch: 1 });
    t.pass(100);
    expect(t.effects).toEqual([expect.objectContaining({ type: "order", to: "b", crashes: 1 })]);
    // Asked again on a new line: one order all the same.
    t.book.handOver(t.now, "a", { callId: "c", epoch: 1 });
    t.lease("a", [call("c", { crashes: 1 })], { draining: true });
    expect(t.answer("c")).toBe(1_000);
    expect(handedOver(t)).toEqual([{ type: "handed-over", callId: "c", from: "a", accepted: true, reason: "" }]);
    t.book.handOver(t.now, "a", { callId: "c", epoch: 1 });
    t.pass(100);
    expect(handedOver(t)[1]).toMatchObject({ accepted: true });
    t.lease("b", [call("c", { epoch: 1_000, crashes: 1 })]);
    t.lease("a", []);
    t.gone("a", "goodbye");
    t.pass(60_000);
    expect([t.ordered(), t.book.ownerOf("c")]).toEqual([["c>b"], "b"]);
  });

  test("nobody takes it: it stays where it is, and is lost with its worker like any other", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.book.handOver(t.now, "a", { callId: "c", epoch: 1 });
    t.pass(100);
    t.answer("c", no);
    expect(handedOver(t)).toEqual([expect.objectContaining({ accepted: false })]);
    expect(t.book.ownerOf("c")).toBe("a");
    t.gone("a");
    t.pass(1_000);
    expect(t.ordered()).toEqual(["c>b", "c>b"]);
  });

  test("a giver's log is not closed to it before another has the call", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.book.handOver(t.now, "a", { callId: "c", epoch: 1 });
    t.pass(100);
    t.book.epochFor("c", "b", 0);
    expect(t.book.fence("b", "c")).toBe(null);
  });

  test("the giver's own lease does not end it", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.here("d", [call("x")]);
    t.book.handOver(t.now, "a", { callId: "c", epoch: 1 });
    t.pass(100);
    t.gone("b");
    t.answer("c", { ok: false, reason: "line-lost" });
    t.lease("a", [call("c")]);
    t.pass(1_000);
    t.answer("c");
    expect([t.ordered(), handedOver(t)]).toEqual([
      ["c>b", "c>d"],
      [expect.objectContaining({ from: "a", accepted: true })],
    ]);
  });

  test("a giver that dies over it leaves a lost call", () => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.book.handOver(t.now, "a", { callId: "c", epoch: 1 });
    t.pass(100);
    t.gone("a");
    t.pass(1_000);
    t.answer("c", no);
    t.pass(1_100);
    expect(t.ordered()).toEqual(["c>b", "c>b"]);
  });

  test.for<[what: string, worker: string, epoch: number]>([
    ["another's call", "b", 1],
    ["an older epoch", "a", 0],
  ])("%s is not given away", ([_what, worker, epoch]) => {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.book.handOver(t.now, worker, { callId: "c", epoch });
    t.pass(100);
    expect([handedOver(t).length, t.ordered()]).toEqual([1, []]);
    expect(handedOver(t)[0]).toMatchObject({ from: worker, accepted: false });
  });
});

test("two workers that run one call in one epoch are named; the first one is its owner", () => {
  const t = testBook();
  t.here("a", [call("c")]);
  t.here("b", [call("c")]);
  expect(t.effects).toEqual([{ type: "doubled", callId: "c", worker: "b", owner: "a" }]);
  expect(t.book.ownerOf("c")).toBe("a");
});

/** Workers that come, go, run and take calls at random; each call of theirs keeps the epoch it was ordered with. */
test("at random: epochs only rise, nobody away or draining is asked, and every call ends up with somebody", () => {
  const ids = ["a", "b", "c"];
  const callIds = ["x", "y", "z"];
  const event = fc.record({
    kind: fc.constantFrom(
      "up",
      "lost",
      "closed",
      "goodbye",
      "lease",
      "answer",
      "refuse",
      "silent",
      "hand-over",
      "hold",
    ),
    id: fc.constantFrom(...ids),
    callId: fc.constantFrom(...callIds),
    passMs: fc.constantFrom(0, 100, 500, 1_000, 4_000),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const t = testBook();
      const runs = new Map(ids.map((id) => [id, new Map<string, number>()]));
      const isUp = new Set(ids);
      const newest = new Map(callIds.map((callId) => [callId, 1]));
      let seen = 0;
      const lease = (id: string) =>
        t.lease(
          id,
          [...(runs.get(id) ?? [])].map(([callId, epoch]) => call(callId, { epoch })),
        );
      const check = (): void => {
        for (; seen < t.effects.length; seen += 1) {
          const effect = t.effects[seen];
          if (effect?.type === "order" && !isUp.has(effect.to)) throw new Error(`${effect.to} is not here`);
        }
      };
      const answer = (callId: string, ok: boolean): void => {
        const order = t.effects.findLast((effect) => effect.type === "order" && effect.callId === callId);
        if (order?.type !== "order") return;
        const epoch = t.book.epochFor(callId, order.to, 0);
        if (epoch === null) return;
        if (epoch <= (newest.get(callId) ?? 0)) throw new Error(`epoch ${epoch} of ${callId} comes again`);
        newest.set(callId, epoch);
        if (ok && isUp.has(order.to)) {
          for (const calls of runs.values()) calls.delete(callId);
          runs.get(order.to)?.set(callId, epoch);
        }
        t.book.answered(t.now, callId, { to: order.to, epoch }, { ok: ok && isUp.has(order.to), reason: "" });
        t.pass(0);
      };
      for (const [index, id] of ids.entries()) {
        runs.get(id)?.set(callIds[index] ?? "", 1);
        t.here(id);
        lease(id);
      }
      for (const { kind, id, callId, passMs } of events) {
        if (kind === "up" && !isUp.has(id)) {
          isUp.add(id);
          t.here(id);
          lease(id);
        } else if (kind === "lost" || kind === "closed" || kind === "goodbye") {
          if (isUp.delete(id)) t.gone(id, kind === "closed" ? "closed-by-us" : kind);
        } else if (kind === "lease" && isUp.has(id)) lease(id);
        else if (kind === "answer" || kind === "refuse") answer(callId, kind === "answer");
        else if (kind === "hand-over" && isUp.has(id))
          t.book.handOver(t.now, id, { callId, epoch: newest.get(callId) ?? 1 });
        else if (kind === "hold") t.book.hold(t.now);
        t.pass(passMs);
        check();
      }
      // In the end everybody is there and says yes.
      for (const id of ids) {
        isUp.add(id);
        t.here(id);
        lease(id);
      }
      for (let i = 0; i < 40; i += 1) {
        t.pass(1_000);
        check();
        for (const callId of callIds) answer(callId, true);
        for (const id of ids) lease(id);
      }
      for (const callId of callIds) {
        const owner = t.book.ownerOf(callId);
        if (owner === null) throw new Error(`nobody has ${callId}`);
        if (!runs.get(owner)?.has(callId)) throw new Error(`${owner} does not run ${callId}`);
      }
    }),
    { numRuns: 300 },
  );
});
