import type { Llm, LlmEvent, LlmRequest, ToolSpec } from "@parley/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  expectCancelled,
  expectParleyError,
  type FaultCase,
  noUnhandledRejections,
  PROMPT_MS,
  thrownBy,
  within,
} from "./checks.ts";

export interface LlmConformanceOptions {
  /** A request that is answered with a text of several words. Default: a greeting. */
  request?: Partial<LlmRequest>;
  /** What that text must say. */
  answers?: RegExp;
  /** An Llm and a request that it answers with a call of one of its tools. Left out: tools are not tested. */
  toolCall?: { make: () => Llm | Promise<Llm>; request: Partial<LlmRequest> & { tools: readonly ToolSpec[] } };
  /** The longest that one answer may take. Default 15 s. */
  timeoutMs?: number;
  /** Each must make the stream throw a fitting ParleyError within `timeoutMs`. */
  faults?: readonly FaultCase<Llm>[];
  /** Each breaks off in the middle: a ParleyError, or an end without the `end` event. */
  cuts?: readonly FaultCase<Llm>[];
}

const PLAIN: LlmRequest = {
  instructions: "You are the receptionist of a small hotel. Answer in one sentence.",
  messages: [{ role: "user", text: "Hello, when are you open?", participantId: "caller" }],
  tools: [],
  toolChoice: "auto",
  language: "en",
};

/** What every Llm owes its caller: the docstrings of packages/engine/src/ports/llm.ts as tests. */
export function llmConformance(name: string, make: () => Llm | Promise<Llm>, options: LlmConformanceOptions = {}) {
  const { answers, timeoutMs = 15_000 } = options;
  const plain = { ...PLAIN, ...options.request };

  describe(`${name} is an Llm`, { timeout: timeoutMs * 3 }, () => {
    noUnhandledRejections();
    let llm: Llm;
    beforeEach(async () => {
      llm = await make();
    });
    afterEach(async () => {
      await llm.close?.();
    });

    const ask = (request: Partial<LlmRequest> = {}, of = llm, signal = new AbortController().signal) =>
      within(collect(of, { ...plain, ...request }, signal), timeoutMs, "stream");

    it("says what it is and warms, also twice", async () => {
      expect(llm.name).toMatch(/^[a-z0-9-]+\/.+$/);
      await within(Promise.resolve(llm.warm?.()), timeoutMs, "warm");
      await within(Promise.resolve(llm.warm?.()), timeoutMs, "warm");
    });

    it("streams text and ends with one end, last of all", async () => {
      const events = await ask();
      expectWhole(events);
      expect(textOf(events).trim()).not.toBe("");
      if (answers) expect(textOf(events)).toMatch(answers);
      for (const event of events) if (event.type === "text") expect(event.text).not.toBe("");
    });

    it("takes a history with every kind of message in it", async () => {
      const events = await ask({
        messages: [
          { role: "assistant", text: "Good morning, how can I help?" },
          { role: "user", text: "Where is my order 4711?", participantId: "caller" },
          { role: "assistant", text: "", toolCalls: [{ toolCallId: "c1", tool: "orderStatus", args: { id: "4711" } }] },
          { role: "tool", toolCallId: "c1", tool: "orderStatus", result: { status: "shipped", on: null } },
          { role: "assistant", text: "It has been", interrupted: true },
          ...plain.messages,
        ],
      });
      expectWhole(events);
    });

    it("answers or refuses a request without messages, but does not hang", async () => {
      const outcome = await ask({ messages: [] }).catch((error: unknown) => error);
      if (Array.isArray(outcome)) expectWhole(outcome);
      else expectParleyError(outcome);
    });

    it("answers several requests at once", async () => {
      const all = await Promise.all([ask(), ask(), ask(), ask()]);
      for (const events of all) {
        expectWhole(events);
        if (answers) expect(textOf(events)).toMatch(answers);
      }
    });

    it("rejects with category cancelled when aborted before it began, and before its first event", async () => {
      const events: LlmEvent[] = [];
      await expectCancelled(collect(llm, plain, AbortSignal.abort(), events), "stream with an aborted signal");
      expect(events).toEqual([]);
      const leaving = new AbortController();
      const pending = collect(llm, plain, leaving.signal);
      leaving.abort();
      await expectCancelled(pending, "stream after its abort");
    });

    it("ends promptly when aborted between events, and answers the next request", async () => {
      const leaving = new AbortController();
      const stream = llm.stream(plain, leaving.signal)[Symbol.asyncIterator]();
      await within(stream.next(), timeoutMs, "first event");
      leaving.abort();
      const drain = async () => {
        while (!(await stream.next()).done);
      };
      const error = await within(
        drain().then(
          () => null,
          (thrown: unknown) => thrown,
        ),
        PROMPT_MS,
        "the end after an abort",
      );
      if (error !== null) expectParleyError(error, ["cancelled"]);
      expectWhole(await ask());
    });

    it("may be left in the middle", async () => {
      for await (const event of llm.stream(plain, new AbortController().signal)) {
        expect(event.type).toBeTypeOf("string");
        break;
      }
      expectWhole(await ask());
    });

    it("closes, also twice", async () => {
      await llm.close?.();
      await llm.close?.();
    });

    const { toolCall } = options;
    if (toolCall) {
      it("calls a tool by its name with parsed arguments, and says that it did", async () => {
        const calling = await toolCall.make();
        try {
          const events = await ask(toolCall.request, calling);
          expectWhole(events);
          const calls = events.filter((event) => event.type === "tool-call");
          expect(calls.length).toBeGreaterThan(0);
          expect(new Set(calls.map((call) => call.toolCallId)).size).toBe(calls.length);
          for (const call of calls) {
            expect(call.toolCallId).not.toBe("");
            expect(toolCall.request.tools.map((tool) => tool.name)).toContain(call.tool);
            expect(call.args).toBeTypeOf("object");
          }
          expect(events.at(-1)).toMatchObject({ type: "end", finishReason: "tool-calls" });
        } finally {
          await calling.close?.();
        }
      });
    }

    for (const fault of options.faults ?? []) {
      it(`throws a ParleyError when the provider ${fault.when}`, async () => {
        const failing = await fault.make();
        try {
          const work = collect(failing, plain, new AbortController().signal);
          expectParleyError(await thrownBy(work, timeoutMs, "stream"), fault.categories);
        } finally {
          await failing.close?.();
        }
      });
    }

    for (const cut of options.cuts ?? []) {
      it(`does not pretend to be whole when the provider ${cut.when}`, async () => {
        const failing = await cut.make();
        const seen: LlmEvent[] = [];
        const drain = async () => {
          for await (const event of failing.stream(plain, new AbortController().signal)) seen.push(event);
        };
        try {
          const error = await within(drain(), timeoutMs, "stream").catch((thrown: unknown) => thrown);
          if (error !== undefined) expectParleyError(error, cut.categories);
          expect(seen.map((event) => event.type)).not.toContain("end");
        } finally {
          await failing.close?.();
        }
      });
    }
  });
}

async function collect(
  llm: Llm,
  request: LlmRequest,
  signal: AbortSignal,
  events: LlmEvent[] = [],
): Promise<LlmEvent[]> {
  for await (const event of llm.stream(request, signal)) events.push(event);
  return events;
}

function textOf(events: readonly LlmEvent[]): string {
  return events.map((event) => (event.type === "text" ? event.text : "")).join("");
}

function expectWhole(events: readonly LlmEvent[]): void {
  expect(events.filter((event) => event.type === "end")).toHaveLength(1);
  const last = events.at(-1);
  if (last?.type !== "end") throw new Error("the last event is not the end");
  expect(["stop", "length", "tool-calls", "other"]).toContain(last.finishReason);
  if (last.usage) {
    expect(last.usage.inputTokens).toBeGreaterThanOrEqual(0);
    expect(last.usage.outputTokens).toBeGreaterThanOrEqual(0);
  }
}
