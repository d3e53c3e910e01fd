import { APICallError, type LanguageModelV4, type LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { describe, expect, it, vi } from "vitest";
import type { ParleyError } from "../error.ts";
import type { Clock } from "../ports/clock.ts";
import type { LlmEvent, LlmRequest } from "../ports/llm.ts";
import type { RemoteError } from "../remote/index.ts";
import { type AiSdkLlmOptions, aiSdkLlm } from "./ai-sdk.ts";

const request: LlmRequest = {
  instructions: "You answer the phone of a shop.",
  messages: [{ role: "user", text: "When do you open?", participantId: "ann" }],
  tools: [],
  toolChoice: "auto",
  language: "en",
};

const usage = {
  inputTokens: { total: 12, noCache: 12, cacheRead: 0, cacheWrite: undefined },
  outputTokens: { total: 3, text: 3, reasoning: 0 },
};
const text = (delta: string): LanguageModelV4StreamPart => ({ type: "text-delta", id: "0", delta });
const finish = (unified: "stop" | "length" | "tool-calls" | "content-filter" | "interrupted" | "error" = "stop") =>
  ({ type: "finish", finishReason: { unified, raw: undefined }, usage }) satisfies LanguageModelV4StreamPart;
const toolCall = (input: string) =>
  ({ type: "tool-call", toolCallId: "c1", toolName: "hours", input }) satisfies LanguageModelV4StreamPart;

function model(doStream: LanguageModelV4["doStream"]): LanguageModelV4 {
  return {
    specificationVersion: "v4",
    provider: "fake",
    modelId: "fake-1",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("the hot path streams")),
    doStream,
  };
}

function streamOf(parts: LanguageModelV4StreamPart[]): ReadableStream<LanguageModelV4StreamPart> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
}

const speaking = (...parts: LanguageModelV4StreamPart[]) => model(async () => ({ stream: streamOf(parts) }));

async function collect(llmModel: LanguageModelV4, options?: AiSdkLlmOptions, signal = new AbortController().signal) {
  const events: LlmEvent[] = [];
  let error: RemoteError | undefined;
  try {
    for await (const event of aiSdkLlm("fake/fake-1", llmModel, options).stream(request, signal)) events.push(event);
  } catch (thrown) {
    error = thrown as ParleyError;
  }
  return { events, error };
}

function apiError(status: number | undefined, more: Partial<ConstructorParameters<typeof APICallError>[0]> = {}) {
  const error = new APICallError({
    message: "no",
    url: "http://x/v1/chat/completions",
    requestBodyValues: { messages: "what the person said" },
    ...(status === undefined ? {} : { statusCode: status }),
    ...more,
  });
  return collect(model(() => Promise.reject(error)));
}

describe("an answer", () => {
  it("comes as text pieces and an end with usage", async () => {
    const { events, error } = await collect(speaking(text("We open "), text(""), text("at nine."), finish()));
    expect(error).toBeUndefined();
    expect(events).toEqual([
      { type: "text", text: "We open " },
      { type: "text", text: "at nine." },
      { type: "end", finishReason: "stop", usage: { inputTokens: 12, outputTokens: 3 } },
    ]);
  });

  it("ends for other reasons as `other`", async () => {
    const { events } = await collect(speaking(text("No."), finish("content-filter")));
    expect(events.at(-1)).toMatchObject({ type: "end", finishReason: "other" });
  });

  it("parses tool arguments, takes none for {}, and says when they are broken", async () => {
    for (const [input, args] of [
      ['{"day":"monday"}', { day: "monday" }],
      ["", {}],
      ['{"day":', { invalid: '{"day":' }],
    ] as const) {
      const { events } = await collect(speaking(toolCall(input), finish("tool-calls")));
      expect(events[0]).toEqual({ type: "tool-call", toolCallId: "c1", tool: "hours", args });
      expect(events[1]).toMatchObject({ type: "end", finishReason: "tool-calls" });
    }
  });

  it("hands no tool call on from a stream that was cut", async () => {
    const { events, error } = await collect(speaking(toolCall('{"day":"monday"}')));
    expect(events).toEqual([]);
    expect(error).toMatchObject({ code: "llm-cut", category: "protocol", retryable: true });
  });

  it("tells the model instructions, tools and limits, and leaves out what is not set", async () => {
    const doStream = vi.fn(async () => ({ stream: streamOf([finish()]) }));
    const llm = aiSdkLlm("fake/fake-1", model(doStream), { temperature: 0.3, reasoning: "none" });
    const tool = { name: "hours", description: "Opening hours", parameters: { type: "object" } };
    const { signal } = new AbortController();
    for await (const _ of llm.stream({ ...request, tools: [tool], toolChoice: "none", maxTokens: 50 }, signal));
    for await (const _ of llm.stream(request, signal));
    expect(doStream).toHaveBeenNthCalledWith(
      1,
      expect.objectContaining({
        tools: [{ type: "function", name: "hours", description: "Opening hours", inputSchema: { type: "object" } }],
        toolChoice: { type: "none" },
        temperature: 0.3,
        maxOutputTokens: 50,
        reasoning: "none",
      }),
    );
    expect(Object.keys((doStream.mock.calls as unknown[][])[1]?.[0] as object).sort()).toEqual([
      "abortSignal",
      "prompt",
      "reasoning",
      "temperature",
    ]);
  });
});

describe("a failure", () => {
  it("that ends without a finish part is `llm-cut`", async () => {
    for (const end of [[], [finish("interrupted")]] as const) {
      const { events, error } = await collect(speaking(text("We op"), ...end));
      expect(events).toHaveLength(1);
      expect(error).toMatchObject({ code: "llm-cut", category: "protocol", retryable: true });
    }
  });

  it("is what its HTTP status means", async () => {
    const expected: [number, object][] = [
      [401, { code: "llm-unauthorised", category: "unauthorised", retryable: false }],
      [404, { code: "llm-model-unknown", category: "configuration", retryable: false }],
      [400, { code: "llm-refused", category: "refused", retryable: false }],
      [429, { code: "llm-rate-limited", category: "rate-limited", retryable: true }],
      [500, { code: "llm-provider-failed", category: "provider", retryable: true }],
      [503, { code: "llm-provider-failed", category: "provider", retryable: true }],
    ];
    for (const [status, error] of expected) expect((await apiError(status)).error).toMatchObject(error);
    expect((await apiError(404)).error?.message).toContain('"fake-1"');
    expect((await apiError(undefined)).error).toMatchObject({ category: "network", retryable: true });
    expect((await apiError(200)).error).toMatchObject({ code: "llm-cut", category: "network", retryable: true });
  });

  it("says how long the service asks to wait", async () => {
    const after = async (headers: Record<string, string>) =>
      (await apiError(429, { responseHeaders: headers })).error?.retryAfterMs;
    expect(await after({ "retry-after": "2" })).toBe(2000);
    expect(await after({ "retry-after": "2", "retry-after-ms": "150" })).toBe(150);
    expect(await after({ "retry-after": new Date(Date.now() + 60_000).toUTCString() })).toBeGreaterThan(50_000);
    expect(await after({ "retry-after": "soon" })).toBeUndefined();
    const spent = await apiError(429, { responseBody: '{"error":{"message":"Pay","code":"insufficient_quota"}}' });
    expect(spent.error).toMatchObject({ code: "llm-no-quota", retryable: false });
  });

  it("inside the stream ends it", async () => {
    const { events, error } = await collect(speaking(text("We"), { type: "error", error: { message: "overloaded" } }));
    expect(events).toHaveLength(1);
    expect(error).toMatchObject({ code: "llm-provider-failed", message: expect.stringContaining("overloaded") });
  });

  it("shows no key and no conversation", async () => {
    const { error } = await apiError(401, {
      responseBody: '{"error":{"message":"Incorrect API key provided: sk-proj-abcdef123456."}}',
    });
    expect(error?.message).toContain("Incorrect API key");
    const { inspect } = await import("node:util");
    expect(inspect(error, { depth: 9 })).not.toMatch(/abcdef123456|what the person said/);
  });
});

describe("time", () => {
  /** Fires the first timer whose wait is `delayMs`, at once. */
  const hurry = (delayMs: number): Clock => ({
    now: () => 0,
    wall: () => 0,
    after: (ms, run) => {
      if (ms === delayMs) queueMicrotask(() => setImmediate(run));
      return () => {};
    },
  });
  const silent = () => new ReadableStream<LanguageModelV4StreamPart>();

  it("without a first token ends the request", async () => {
    let aborted: AbortSignal | undefined;
    const hung = model(async ({ abortSignal }) => {
      aborted = abortSignal;
      return { stream: silent() };
    });
    const { error } = await collect(hung, { firstTokenTimeoutMs: 700, clock: hurry(700) });
    expect(error).toMatchObject({ code: "llm-timeout", category: "timeout", retryable: true });
    expect(error?.message).toContain("no first token within 700 ms");
    expect(aborted?.aborted).toBe(true);
  });

  it("between two tokens is bounded too", async () => {
    const cancel = vi.fn();
    const stalls = model(async () => ({ stream: new ReadableStream({ start: (c) => c.enqueue(text("We")), cancel }) }));
    const { events, error } = await collect(stalls, { idleTimeoutMs: 300, clock: hurry(300) });
    expect(events).toEqual([{ type: "text", text: "We" }]);
    expect(error?.message).toContain("no next token within 300 ms");
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("cancelled stops at once, even a model that doesn't listen", async () => {
    const scope = new AbortController();
    setImmediate(() => scope.abort());
    const deaf = model(() => new Promise(() => {}));
    const { error } = await collect(deaf, {}, scope.signal);
    expect(error).toMatchObject({ code: "llm-cancelled", category: "cancelled", retryable: false });
    expect((await collect(deaf, {}, AbortSignal.abort())).error).toMatchObject({ category: "cancelled" });
  });

  it("a consumer that leaves ends the request", async () => {
    let aborted: AbortSignal | undefined;
    const endless = model(async ({ abortSignal }) => {
      aborted = abortSignal;
      return { stream: new ReadableStream({ pull: (c) => c.enqueue(text("and ")) }) };
    });
    for await (const _ of aiSdkLlm("fake/fake-1", endless).stream(request, new AbortController().signal)) break;
    expect(aborted?.aborted).toBe(true);
  });
});
