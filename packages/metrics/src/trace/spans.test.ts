import type { Fact } from "@parley/conversation";
import { callStarted } from "@parley/testkit/facts";
import { expect, test } from "vitest";
import { traceCall } from "./spans.ts";

const WALL = 1_700_000_000_000;

// biome-ignore lint/suspicious/noExplicitAny: facts in short
type Short = [at: number, type: string, body?: any];
function trace(facts: readonly Short[], observe = traceCall("c1", "shop")) {
  return facts.flatMap(([at, type, body], index) =>
    observe({ callId: "c1", epoch: 1, seq: index + 1, version: 1, ...body, at, type } as Fact),
  );
}

const cause = { kind: "turn", turnId: "t1" };
const started: Short = [0, "call-started", callStarted({ wallMs: WALL })];
const opened: Short = [
  1_100,
  "turn-opened",
  { turnId: "t1", participantId: "p", via: "speech", startMs: 1_000, overReplyId: null },
];
const answered: Short[] = [
  opened,
  [2_250, "transcript-final", { turnId: "t1", segment: 0 }],
  [2_300, "turn-committed", { turnId: "t1", participantId: "p", text: "x", understood: true, endMs: 2_000 }],
  [2_300, "reply-requested", { replyId: "r1", cause, speculative: false }],
  [2_400, "reply-first-token", { replyId: "r1" }],
  [2_410, "speech-requested", { replyId: "r1", index: 0 }],
  [2_500, "speech-first-audio", { replyId: "r1", index: 0 }],
  [2_510, "playback-started", { replyId: "r1" }],
  [2_600, "reply-text-ended", { replyId: "r1", step: 0, finishReason: "stop" }],
  [2_700, "speech-made", { replyId: "r1", index: 0, ms: 900 }],
];
const finished: Short[] = [
  [3_500, "reply-finished", { replyId: "r1", turnId: "t1", heardMs: 900, failed: null }],
  [3_500, "turn-replied", { turnId: "t1", replyId: "r1" }],
];

test("a turn and its parts when it is over, the call at its end, all in one trace", () => {
  const spans = trace([started, ...answered, ...finished, [4_000, "call-closed", { reason: "participant-left" }]]);
  const byName = Object.fromEntries(spans.map((span) => [span.name, span]));
  const times = spans.map(({ name, startMs, endMs }) => [name, startMs - WALL, endMs - WALL]);
  expect(times).toEqual([
    ["turn", 1_000, 3_500],
    ["stt", 2_000, 2_250],
    ["endpointing", 2_000, 2_300],
    ["llm", 2_300, 2_600],
    ["tts", 2_410, 2_700],
    ["playback", 2_510, 3_500],
    ["call", 0, 4_000],
  ]);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  expect(byName.turn!.parentId).toBe(byName.call!.spanId);
  expect(byName.llm!.parentId).toBe(byName.turn!.spanId);
  expect(byName.turn!.attributes).toMatchObject({ "call.id": "c1", "turn.id": "t1", "turn.outcome": "replied" });
  for (const { traceId, spanId } of spans)
    expect([traceId, spanId]).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}$/),
      expect.stringMatching(/^[0-9a-f]{16}$/),
    ]);
});

test("what failed says so: a turn, and a call in which nobody was served", () => {
  const spans = trace([
    started,
    opened,
    [9_000, "turn-failed", { turnId: "t1", stage: "llm" }],
    [9_500, "call-closed", { reason: "recovered-too-often" }],
  ]);
  expect(spans.map(({ name, error }) => [name, error])).toEqual([
    ["turn", "llm"],
    ["call", "recovered-too-often"],
  ]);
});

test("a call that another process took over goes on in the same trace, on that process's clock", () => {
  const [first] = trace([started, ...answered, ...finished]);
  const later = trace([
    [5_000, "call-recovered", { wallMs: WALL + 6_000, by: "w" }],
    [6_000, "call-closed", { reason: "participant-left" }],
  ]);
  expect(later).toMatchObject([
    { name: "call", traceId: first!.traceId, spanId: first!.parentId, startMs: WALL + 1_000 },
  ]);
});

test("a reply that is over before anything of its turn is known, or twice, makes no span", () => {
  expect(trace([started, ...finished, ...answered.slice(4)])).toEqual([]);
  expect(trace([started, ...answered, ...finished, ...finished])).toHaveLength(6);
});
