import { describe, expect, test } from "vitest";
import { call, testBook } from "../../test/book.ts";

const no = { ok: false, reason: "full" };

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
