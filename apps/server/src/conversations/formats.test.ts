import type { TranscriptTurn } from "@parley/conversation";
import { expect, test } from "vitest";
import { exported } from "./formats.ts";
import type { ShownTranscript } from "./schema.ts";

const turn = (more: Partial<TranscriptTurn>): TranscriptTurn => {
  return {
    speaker: "user",
    participantId: "ann",
    name: null,
    text: "Hi.",
    startMs: 0,
    endMs: 900,
    interrupted: false,
    ...more,
  };
};
const file = (format: "txt" | "csv" | "vtt", ...turns: TranscriptTurn[]) =>
  exported({ turns } as ShownTranscript, format).body;

test("text has one line a turn", () => {
  const agent = turn({
    speaker: "agent",
    participantId: null,
    text: "One\ntwo",
    startMs: 3_723_004,
    interrupted: true,
  });
  expect(file("txt", turn({}), agent)).toBe("[00:00:00.000] ann: Hi.\n[01:02:03.004] agent: One two …\n");
});

test("CSV is quoted, and nothing that was said is a formula", () => {
  const rows = file(
    "csv",
    turn({ text: '=HYPERLINK("x")' }),
    turn({ text: "a, b\nc" }),
    turn({ participantId: "+15550100" }),
  );
  expect(rows.split("\r\n")).toEqual([
    "startMs,endMs,speaker,participantId,name,text,interrupted",
    `0,900,user,ann,,"'=HYPERLINK(""x"")",false`,
    '0,900,user,ann,,"a, b\nc",false',
    "0,900,user,'+15550100,,Hi.,false",
    "",
  ]);
});

test("WebVTT has its cues in order, each with a length, and no markup of the caller's", () => {
  const late = turn({ startMs: 2_000, endMs: 2_000, text: "--> <b>&" });
  expect(file("vtt", late, turn({ startMs: 500 }))).toBe(
    "WEBVTT\n\n00:00:00.500 --> 00:00:00.900\n<v ann>Hi.\n\n00:00:02.000 --> 00:00:02.001\n<v ann>--&gt; &lt;b&gt;&amp;\n",
  );
});
