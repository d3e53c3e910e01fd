import type { Message } from "@parley/conversation";
import { expect, it } from "vitest";
import { toPrompt } from "./prompt.ts";

const user = (text: string): Message => ({ role: "user", text, participantId: "ann" });
const asking = (text: string, ...ids: string[]): Message => ({
  role: "assistant",
  text,
  toolCalls: ids.map((toolCallId) => ({ toolCallId, tool: "hours", args: { day: "monday" } })),
});
const prompt = (...messages: Message[]) => toPrompt({ instructions: "Be brief.", messages });

it("puts instructions first, and leaves empty ones out", () => {
  expect(prompt(user("Hello"))).toEqual([
    { role: "system", content: "Be brief." },
    { role: "user", content: [{ type: "text", text: "Hello" }] },
  ]);
  expect(toPrompt({ instructions: " ", messages: [] })).toEqual([]);
});

it("drops a reply of which nothing was heard", () => {
  const roles = prompt(user("Hello"), { role: "assistant", text: "", interrupted: true }, user("Are you there?"));
  expect(roles.map((m) => m.role)).toEqual(["system", "user", "user"]);
});

it("moves a tool's result to its call when the person spoke in between", () => {
  const moved = prompt(user("When?"), asking("Let me see.", "a"), user("Hurry"), {
    role: "tool",
    toolCallId: "a",
    tool: "hours",
    result: { from: 9 },
  });
  expect(moved.map((m) => m.role)).toEqual(["system", "user", "assistant", "tool", "user"]);
  expect(moved[3]?.content).toEqual([
    { type: "tool-result", toolCallId: "a", toolName: "hours", output: { type: "json", value: { from: 9 } } },
  ]);
});

it("answers every call, and sends no result without its call", () => {
  const mended = prompt(
    user("When?"),
    asking("", "a", "b"),
    { role: "tool", toolCallId: "b", tool: "hours", result: "from nine" },
    { role: "tool", toolCallId: "gone", tool: "hours", result: 1 },
  );
  expect(mended[3]?.content).toMatchObject([
    { toolCallId: "a", output: { type: "text", value: "The result is not known." } },
    { toolCallId: "b", output: { type: "text", value: "from nine" } },
  ]);
  expect(mended).toHaveLength(4);
});

it("sends a result that is no JSON as text", () => {
  const result = (value: unknown) =>
    prompt(asking("", "a"), { role: "tool", toolCallId: "a", tool: "hours", result: value })[2]?.content;
  expect(result(undefined)).toMatchObject([{ output: { type: "json", value: null } }]);
  expect(result(10n)).toMatchObject([{ output: { type: "json", value: "10" } }]);
});
