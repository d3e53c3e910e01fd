import type { LlmEvent, LlmRequest } from "@parley/engine";
import { type OpenAiServer, type OpenAiServerOptions, startOpenAiServer } from "@parley/testkit";
import { afterEach, expect, it } from "vitest";
import { type OpenAiLlmOptions, openaiLlm } from "./llm.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const signal = new AbortController().signal;
const hours = {
  name: "opening_hours",
  description: "When the shop is open",
  parameters: { type: "object", properties: { day: { type: "string" } }, required: ["day"] },
};
const request: LlmRequest = {
  instructions: "You answer the phone of a shop.",
  messages: [{ role: "user", text: "When do you open on Monday?", participantId: "ann" }],
  tools: [hours],
  toolChoice: "auto",
  language: "en",
};

async function setUp(serverOptions: OpenAiServerOptions, options: Partial<OpenAiLlmOptions> = {}) {
  const server: OpenAiServer = await startOpenAiServer(serverOptions);
  const llm = openaiLlm({ apiKey: "test-key", baseUrl: server.baseUrl, model: "m", ...options });
  closers.push(
    () => llm.close?.(),
    () => server.close(),
  );
  const ask = async (asked: LlmRequest = request) => {
    const events: LlmEvent[] = [];
    for await (const event of llm.stream(asked, signal)) events.push(event);
    return events;
  };
  return { server, llm, ask };
}

it("streams words as they come, and counts tokens", async () => {
  const { ask } = await setUp({ reply: () => "We open at nine." });
  const events = await ask();
  expect(events.slice(0, -1)).toEqual(["We ", "open ", "at ", "nine."].map((text) => ({ type: "text", text })));
  expect(events.at(-1)).toMatchObject({ type: "end", finishReason: "stop", usage: { outputTokens: 4 } });
});

it("calls a tool and goes on with its result", async () => {
  const { ask, server } = await setUp({
    reply: ({ afterTool }) =>
      afterTool
        ? "At nine."
        : { text: "One moment. ", toolCalls: [{ tool: "opening_hours", args: { day: "monday" } }] },
  });
  const first = await ask();
  expect(first).toContainEqual({
    type: "tool-call",
    toolCallId: "call_1",
    tool: "opening_hours",
    args: { day: "monday" },
  });
  expect(first.at(-1)).toMatchObject({ finishReason: "tool-calls" });
  const toolCalls = [{ toolCallId: "call_1", tool: "opening_hours", args: { day: "monday" } }];
  const second = await ask({
    ...request,
    toolChoice: "none",
    messages: [
      ...request.messages,
      { role: "assistant", text: "One moment.", toolCalls },
      { role: "tool", toolCallId: "call_1", tool: "opening_hours", result: { from: 9 } },
    ],
  });
  expect(second[0]).toEqual({ type: "text", text: "At " });
  const [, sent] = server.requests.map((one) => one.fields);
  expect(sent?.tool_choice).toBe("none");
  expect(sent?.messages).toMatchObject([
    { role: "system", content: "You answer the phone of a shop." },
    { role: "user", content: "When do you open on Monday?" },
    { role: "assistant", content: "One moment.", tool_calls: [{ id: "call_1", function: { name: "opening_hours" } }] },
    { role: "tool", tool_call_id: "call_1", content: '{"from":9}' },
  ]);
});

it("says when a tool's arguments are broken, and runs none of a cut stream", async () => {
  const broken = await setUp({ reply: () => ({ toolCalls: [{ tool: "opening_hours", args: '{"day":' }] }) });
  expect(await broken.ask()).toContainEqual(
    expect.objectContaining({ type: "tool-call", args: { invalid: '{"day":' } }),
  );
  const cut = await setUp({
    reply: () => ({ toolCalls: [{ tool: "opening_hours", args: {} }], finishReason: null }),
  });
  await expect(cut.ask()).rejects.toMatchObject({ code: "llm-cut", category: "protocol" });
});

it("tells a compatible server only what all of them know", async () => {
  const { ask, server } = await setUp({}, { temperature: 0.4, maxTokens: 60 });
  await ask({ ...request, tools: [] });
  expect(Object.keys(server.requests[0]?.fields ?? {}).sort()).toEqual([
    "max_tokens",
    "messages",
    "model",
    "stream",
    "stream_options",
    "temperature",
  ]);
});

it("tells a reasoning model not to think aloud before it speaks", async () => {
  const { ask, server } = await setUp({}, { model: "gpt-6-luna", temperature: 0.4, maxTokens: 60 });
  await ask();
  expect(server.requests[0]?.fields).toMatchObject({ reasoning_effort: "none", max_completion_tokens: 60 });
  expect(server.requests[0]?.fields.max_tokens).toBeUndefined();
});

it("needs no key where the server needs none", async () => {
  const { ask, server } = await setUp({}, { apiKey: "" });
  await expect(ask()).rejects.toMatchObject({ code: "llm-unauthorised" });
  expect(server.requests[0]?.apiKey).toBeNull();
});

it("warms up without asking the model anything", async () => {
  const { llm, server } = await setUp({});
  await llm.warm?.();
  expect(server.requests.map((one) => one.endpoint)).toEqual(["models"]);
  expect(server.openSockets()).toBe(1);
});
