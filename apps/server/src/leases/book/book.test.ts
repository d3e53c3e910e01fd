import type { Gone } from "@parley/uplink";
import { describe, expect, test } from "vitest";
import { call, testBook } from "../../test/book.ts";

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
      { type: "order", callId: "c", to: "b", room, identity, agentName, crashes: 2, metadata: null, next: null },
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

test("two workers that run one call in one epoch are named; the first one is its owner", () => {
  const t = testBook();
  t.here("a", [call("c")]);
  t.here("b", [call("c")]);
  expect(t.effects).toEqual([{ type: "doubled", callId: "c", worker: "b", owner: "a" }]);
  expect(t.book.ownerOf("c")).toBe("a");
});

describe("a call that goes to another agent", () => {
  const to = { agentId: "sales", agentVersion: null, message: null, reason: "why", by: "agent", runBy: "sales" };
  const next = { agentId: "sales", agentVersion: null, message: null, reason: "why", by: "agent" };
  const handedOver = (t: ReturnType<typeof testBook>) => t.effects.filter(({ type }) => type === "handed-over");
  function given() {
    const t = testBook();
    t.here("a", [call("c")]);
    t.here("b");
    t.here("s", [], { agent: "sales" });
    t.book.handOver(t.now, "a", { callId: "c", epoch: 1, to });
    t.pass(100);
    return t;
  }

  test("is ordered to a worker of that agent, with whom it comes from; its leases say whose it is", () => {
    const t = given();
    expect(t.ordered()).toEqual(["c>s"]);
    expect(t.effects.at(-1)).toMatchObject({ agentName: "sales", crashes: 0, next });
    const epoch = t.answer("c");
    t.lease("s", [call("c", { epoch, agentName: "sales" })]);
    expect(handedOver(t)).toMatchObject([{ from: "a", accepted: true }]);
    t.lease("a", []);
    t.here("r", [], { agent: "sales" });
    t.gone("s");
    t.pass(2_000);
    expect(t.ordered()).toEqual(["c>s", "c>r"]);
    expect(t.effects.at(-1)).toMatchObject({ agentName: "sales", next: null, crashes: 1 });
  });

  test("stays where it is when they refuse, and whoever gave it hears why", () => {
    const t = given();
    t.answer("c", { ok: false, reason: "template-variable-missing" });
    t.pass(2_000);
    expect(handedOver(t)).toMatchObject([{ from: "a", accepted: false, reason: "template-variable-missing" }]);
    expect([t.ordered(), t.book.ownerOf("c")]).toEqual([["c>s"], "a"]);
  });

  test("goes on with its own agent when its worker dies on the way and the other one refuses", () => {
    const t = given();
    t.gone("a");
    t.pass(1_000);
    t.answer("c", { ok: false, reason: "agent-not-ready" });
    t.pass(2_000);
    expect(t.ordered()).toEqual(["c>s", "c>b"]);
    expect(t.effects.at(-1)).toMatchObject({ agentName: "desk", next: null });
  });

  test("is handed over by a drain as ever, after a transfer that came to nothing", () => {
    const t = given();
    t.answer("c", { ok: false, reason: "agent-not-ready" });
    t.pass(1_000);
    t.book.handOver(t.now, "a", { callId: "c", epoch: 1 });
    t.pass(100);
    expect(t.ordered()).toEqual(["c>s", "c>b"]);
    expect(t.effects.at(-1)).toMatchObject({ agentName: "desk", next: null });
  });
});
