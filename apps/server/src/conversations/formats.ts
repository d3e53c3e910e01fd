import type { TranscriptTurn } from "@parley/conversation";
import type { ShownTranscript } from "./schema.ts";

export interface Exported {
  contentType: string;
  body: string;
}

/** A transcript as a file of this format. */
export function exported(transcript: ShownTranscript, format: "json" | "txt" | "csv" | "vtt"): Exported {
  const { turns } = transcript;
  switch (format) {
    case "json":
      return { contentType: "application/json; charset=utf-8", body: JSON.stringify(transcript) };
    case "txt":
      return { contentType: "text/plain; charset=utf-8", body: lines(turns.map(asText)) };
    case "csv":
      return { contentType: "text/csv; charset=utf-8", body: asCsv(turns) };
    case "vtt":
      return { contentType: "text/vtt; charset=utf-8", body: asVtt(turns) };
    default:
      return format satisfies never;
  }
}

const lines = (list: string[]): string => list.map((line) => `${line}\n`).join("");
const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();
const nameOf = ({ speaker, name, participantId }: TranscriptTurn): string => name ?? participantId ?? speaker;

function asText(turn: TranscriptTurn): string {
  return `[${clock(turn.startMs)}] ${oneLine(nameOf(turn))}: ${oneLine(turn.text)}${turn.interrupted ? " …" : ""}`;
}

function asCsv(turns: readonly TranscriptTurn[]): string {
  const rows = turns.map(({ startMs, endMs, speaker, participantId, name, text, interrupted }) =>
    [startMs, endMs, speaker, participantId ?? "", name ?? "", text, interrupted].map(cell).join(","),
  );
  return ["startMs,endMs,speaker,participantId,name,text,interrupted", ...rows].map((row) => `${row}\r\n`).join("");
}

/** What a caller says must be no formula to a spreadsheet. */
function cell(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** https://www.w3.org/TR/webvtt1/: cues in the order of their beginning, none without a length. */
function asVtt(turns: readonly TranscriptTurn[]): string {
  const escaped = (text: string) =>
    oneLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const cues = turns
    .toSorted((a, b) => a.startMs - b.startMs)
    .map((turn) => {
      const endMs = Math.max(turn.endMs, turn.startMs + 1);
      return `${clock(turn.startMs)} --> ${clock(endMs)}\n<v ${escaped(nameOf(turn))}>${escaped(turn.text)}\n`;
    });
  return ["WEBVTT\n", ...cues].join("\n");
}

function clock(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes, seconds] = [whole / 3_600_000, (whole / 60_000) % 60, (whole / 1_000) % 60].map(Math.floor);
  return `${two(hours!)}:${two(minutes!)}:${two(seconds!)}.${String(whole % 1_000).padStart(3, "0")}`;
}
