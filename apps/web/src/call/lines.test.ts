import type { ChatMessage, TranscriptEntry } from "@parley/client";
import { expect, it } from "vitest";
import { asText, linesOf } from "./lines.ts";

const said = (id: string, startedAtMs: number, patch: Partial<TranscriptEntry> = {}): TranscriptEntry => ({
  id,
  startedAtMs,
  who: "agent",
  participantId: "agent-1",
  text: id,
  final: true,
  ...patch,
});
const typed: ChatMessage = { id: "m", who: "user", participantId: "u", text: "Hi", atMs: 20, delivery: "sent" };

it("puts speech and chat in the order in which they began", () => {
  const lines = linesOf([said("a", 10), said("b", 30)], [typed]);
  expect(lines.map((line) => line.text)).toEqual(["a", "Hi", "b"]);
  expect(asText(lines, "Mira")).toBe("Mira: a\nYou (typed): Hi\nMira: b");
});

it("gives a line another key when it becomes final", () => {
  const key = (final: boolean) => linesOf([said("a", 0, { final })], [])[0]?.key;
  expect(key(true)).not.toBe(key(false));
});
