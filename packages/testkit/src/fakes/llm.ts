import { type Clock, cancelledError, type Llm, type LlmEvent, type LlmRequest, systemClock } from "@parley/engine";
import { hang, pause } from "../clock/pause.ts";
import { type FaultName, fakeService, faultError } from "./faults.ts";
import { type FakeRequest, Requests } from "./requests.ts";
import { type Script, scripted } from "./script.ts";

export interface LlmAnswer {
  text?: string;
  /** After the text. `{ args: { invalid: "{oops" } }` is what broken JSON looks like. */
  toolCalls?: readonly { tool: string; args: unknown; toolCallId?: string }[];
  /** To the first event, and from each to the next. Default: the fake's. */
  firstMs?: number;
  tokenMs?: number;
  /** Default `stop`, or `tool-calls` where there are some. */
  finishReason?: "stop" | "length" | "tool-calls" | "other";
  usage?: { inputTokens: number; outputTokens: number };
  /** `cut`: the stream ends without its `end`. */
  fault?: FaultName;
  /** Words that come before the fault. Default 0; for `cut` half of them. */
  faultAfterWords?: number;
}

export interface FakeLlmOptions {
  /** Default: the system's. */
  clock?: Clock;
  /** Default 30. */
  firstMs?: number;
  /** Default 5. */
  tokenMs?: number;
  /** One per request, or a function of it. Default: a short sentence. */
  answers?: Script<LlmRequest, LlmAnswer | string>;
}

export interface FakeLlm extends Llm {
  readonly requests: readonly FakeRequest<LlmRequest>[];
  /** Streams that have not ended: not finished, failed, cancelled or left. */
  readonly openStreams: number;
}

const service = fakeService("llm");

/** A scripted Llm that streams word by word. Tool calls are left out where the request allows none. */
export function fakeLlm(options: FakeLlmOptions = {}): FakeLlm {
  const { clock = systemClock, firstMs = 30, tokenMs = 5 } = options;
  const answer = scripted<LlmRequest, LlmAnswer | string>(options.answers, "Certainly, I can help you with that.");
  const requests = new Requests<LlmRequest>(clock);

  async function* stream(request: LlmRequest, signal: AbortSignal): AsyncGenerator<LlmEvent> {
    const given = answer(request, requests.all.length);
    const entry = requests.begin(structuredClone(request));
    try {
      const planned = typeof given === "string" ? { text: given } : given;
      yield* events(planned, request);
      requests.end(entry, "done");
    } catch (error) {
      requests.end(entry, { error });
      throw error;
    } finally {
      requests.end(entry, "abandoned");
    }

    async function* events(planned: LlmAnswer, { toolChoice }: LlmRequest): AsyncGenerator<LlmEvent> {
      const aborted = () => cancelledError(service);
      let wait = planned.firstMs ?? firstMs;
      const next = async () => {
        await pause(clock, wait, signal, aborted);
        wait = planned.tokenMs ?? tokenMs;
      };
      const words = (planned.text ?? "").match(/\S+\s*/g) ?? [];
      const { fault } = planned;
      const faultAt = planned.faultAfterWords ?? (fault === "cut" ? Math.floor(words.length / 2) : 0);
      for (const text of fault ? words.slice(0, faultAt) : words) {
        await next();
        yield { type: "text", text };
      }
      if (fault === "hung") await hang(signal, aborted);
      await next();
      if (fault === "cut") return;
      if (fault && fault !== "hung") throw faultError(service, fault);
      const toolCalls = toolChoice === "none" ? [] : (planned.toolCalls ?? []);
      for (const [i, call] of toolCalls.entries()) {
        yield {
          type: "tool-call",
          toolCallId: call.toolCallId ?? `call-${requests.all.length}-${i + 1}`,
          tool: call.tool,
          args: call.args,
        };
      }
      yield {
        type: "end",
        finishReason: planned.finishReason ?? (toolCalls.length > 0 ? "tool-calls" : "stop"),
        usage: planned.usage ?? { inputTokens: 10 * request.messages.length, outputTokens: words.length },
      };
    }
  }

  return {
    name: service.name,
    requests: requests.all,
    get openStreams() {
      return requests.open;
    },
    stream,
    async warm() {},
    async close() {},
  };
}
