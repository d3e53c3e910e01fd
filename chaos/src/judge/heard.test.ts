import type { StoredFact } from "@parley/store";
import { expect, it } from "vitest";
import { cutReplies } from "./heard.ts";

const WALL = 1_000_000;
let seq = 0;
const fact = (at: number, type: string, more: object = {}, epoch = 1): StoredFact => ({
  callId: "c",
  epoch,
  seq: ++seq,
  at,
  type,
  ...more,
});
const span = (from: number, to: number, fadedMs = 0) => ({ from: WALL + from, to: WALL + to, fadedMs });
const log = [
  fact(0, "call-started", { wallMs: WALL }),
  fact(100, "playback-started", { replyId: "whole" }),
  fact(900, "reply-finished", { replyId: "whole", heardMs: 800 }),
  fact(2_000, "playback-started", { replyId: "cut" }),
  fact(2_800, "playback-progress", { replyId: "cut", heardMs: 750 }),
  fact(3_900, "call-recovered", { wallMs: WALL + 3_900 }, 2),
  fact(3_901, "reply-finished", { replyId: "cut", heardMs: 750 }, 2),
  fact(4_200, "playback-started", { replyId: "rest" }, 2),
  fact(5_000, "reply-finished", { replyId: "rest", heardMs: 800 }, 2),
];
const spans = [span(150, 950), span(2_050, 2_500), span(2_600, 3_200, 100), span(4_300, 5_100)];
const voices = [WALL, WALL + 4_250];

it("sets what the log says was heard of a cut reply against what the ear got of it", () => {
  expect(cutReplies(log, { spans, voices }, WALL + 3_000)).toEqual([{ loggedMs: 750, earMs: 950, unloggedMs: 200 }]);
});

it("leaves out what no fault cut, and what begins in other sound", () => {
  expect(cutReplies(log, { spans, voices }, WALL + 4_000)).toEqual([]);
  const merged = [span(150, 3_200), span(4_300, 5_100)];
  expect(cutReplies(log, { spans: merged, voices }, WALL + 3_000)).toEqual([]);
});
