import type { TurnTimeline } from "@parley/conversation";
import { expect, it } from "vitest";
import { timelineTable } from "./timeline-table.ts";

const turn: TurnTimeline = {
  turnId: "t1",
  participantId: "caller",
  via: "speech",
  text: "when do you open",
  startAt: 1_000,
  speechEndAt: 2_500,
  transcriptAt: 2_640,
  committedAt: 2_850,
  replyId: "r1",
  speculative: true,
  requestedAt: 2_400,
  firstTokenAt: 2_480.4,
  firstAudioMadeAt: 2_700,
  firstAudioSentAt: 2_860,
  interruptedAt: null,
  heardMs: 3_120.6,
  outcome: "replied",
  reason: null,
};

it("shows where the milliseconds of a turn went, counted from the caller's last sound", () => {
  const skipped: TurnTimeline = { ...turn, firstTokenAt: null, outcome: "skipped", reason: "no-words", heardMs: 0 };
  const [, head, first, second] = timelineTable([turn, skipped]).split("\n");
  expect(head?.trim().split(/ {2,}/)).toEqual([
    "turn",
    "transcript",
    "decided",
    "first token",
    "audio made",
    "audio sent",
    "heard",
    "interrupted",
    "outcome",
  ]);
  expect(first?.trim().split(/ {2,}/)).toEqual(["1", "140", "350", "-20", "200", "360", "3121", "-", "replied"]);
  expect(second?.trim().split(/ {2,}/).at(-1)).toBe("skipped (no-words)");
  expect(timelineTable([])).toBe("No turns.");
});
