import type { StoredFact } from "@parley/store";
import { expect, it } from "vitest";
import { judgeLog, turnSpans, utterancesLost } from "./logs.ts";

const WALL = 1_000_000;
const fact = (seq: number, type: string, more: object = {}, epoch = 1): StoredFact => ({
  callId: "c",
  epoch,
  seq,
  at: seq * 100,
  type,
  ...more,
});
const begin = fact(1, "call-started", { wallMs: WALL + 100 });
const turn = [
  fact(2, "turn-opened", { turnId: "t", startMs: 200 }),
  fact(3, "turn-committed", { turnId: "t", endMs: 900 }),
  fact(4, "turn-replied", { turnId: "t" }),
];
const end = fact(5, "call-closed", { reason: "participant-left" });
const whole = [begin, ...turn, end];
const file = (epoch: number, facts: StoredFact[]) => ({ callId: "c", epoch, writer: `w${epoch}`, facts });

it("finds nothing wrong with a log that arrived whole", () => {
  expect(judgeLog([file(1, whole)], whole, WALL)).toEqual({
    facts: 5,
    lost: 0,
    doubled: 0,
    cut: 0,
    stale: 0,
    openTurns: 0,
    ended: "participant-left",
    recoveries: 0,
  });
});

it("counts what is missing, what is there twice, and what never ended", () => {
  expect(judgeLog([file(1, whole)], whole.slice(0, 4), WALL)).toMatchObject({ lost: 1, ended: null });
  expect(judgeLog([], [begin, ...turn.slice(0, 2), end], WALL)).toMatchObject({ lost: 1, openTurns: 1 });
  const twice = [begin, ...turn, fact(5, "turn-replied", { turnId: "t" }), fact(6, "call-closed", { reason: "x" })];
  expect(judgeLog([file(1, twice)], twice, WALL)).toMatchObject({ doubled: 1 });
});

it("tells what was logged in time and overtaken from what a process wrote that owned the call no more", () => {
  const old = [begin, ...turn, fact(5, "reply-finished", { replyId: "r" }), fact(60, "speech-started")];
  const later = [
    fact(5, "call-recovered", { wallMs: WALL + 5_000 }, 2),
    fact(6, "call-closed", { reason: "participant-left" }, 2),
  ];
  const seen = judgeLog([file(1, old), file(2, later)], [begin, ...turn, ...later], WALL + 2_000);
  expect(seen).toMatchObject({ lost: 0, cut: 1, stale: 1, recoveries: 1, doubled: 0 });
});

it("matches what was said with what became a turn, outside the gap", () => {
  const said = (from: number, to: number) => ({ from: WALL + from, to: WALL + to, heardAt: null });
  const turns = turnSpans(whole);
  expect(turns).toEqual([{ from: WALL + 200, to: WALL + 900 }]);
  const gap = { from: WALL + 5_000, to: WALL + 6_000 };
  const lost = utterancesLost([said(150, 950), said(3_000, 4_000), said(4_500, 5_500)], turns, [gap]);
  expect(lost).toEqual([said(3_000, 4_000)]);
});
