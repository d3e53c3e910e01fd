import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from "@ai-sdk/provider";
import { type Clock, systemClock } from "../ports/clock.ts";
import type { Llm, LlmEvent, LlmRequest, LlmUsage } from "../ports/llm.ts";
import {
  cancelledError,
  cutError,
  linkedAbort,
  type RemoteService,
  remoteError,
  timeoutError,
  within,
} from "../remote/index.ts";
import { fromAiSdk } from "./ai-sdk-error.ts";
import { toPrompt, toTools } from "./prompt.ts";

export interface AiSdkLlmOptions {
  /** Used where a request names none. */
  temperature?: number;
  maxTokens?: number;
  /** How much the model thinks before it speaks; on a call, usually `none`. Models that can't are not told. */
  reasoning?: LanguageModelV4CallOptions["reasoning"];
  /** Passed to the vendor's adapter as it is. */
  providerOptions?: LanguageModelV4CallOptions["providerOptions"];
  /** From the request to the first token (or tool call). */
  firstTokenTimeoutMs?: number;
  /** Between two pieces of the stream. */
  idleTimeoutMs?: number;
  /** For messages; where the model is reached. */
  url?: string;
  /** The setting that holds it. */
  urlSetting?: string;
  /** Keys now in use, taken out of every message. */
  secrets?: () => readonly string[];
  warm?: () => Promise<void>;
  close?: () => Promise<void>;
  clock?: Clock;
}

/** What is asked of an AI SDK model here. */
export type SdkModel = Pick<LanguageModelV4, "modelId" | "doStream">;

const FIRST_TOKEN_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 8_000;

/**
 * Any model of the AI SDK (https://ai-sdk.dev, provider specification v4) as our Llm.
 *
 * Tool calls are handed on only once the answer is whole: a stream that is cut in the middle of the arguments could
 * otherwise run a tool with half of them.
 *
 * @param name `vendor/model`, as an agent file has it.
 * @throws from the stream: RemoteError with codes `llm-unauthorised`, `llm-model-unknown`, `llm-rate-limited` (with
 * `retryAfterMs`), `llm-no-quota`, `llm-refused`, `llm-provider-failed`, `llm-network`, `llm-timeout`, `llm-cut`,
 * `llm-garbage`, `llm-cancelled`.
 */
export function aiSdkLlm(name: string, model: SdkModel, options: AiSdkLlmOptions = {}): Llm {
  return {
    name,
    stream: (request, signal) => answer(name, model, options, request, signal),
    ...(options.warm === undefined ? {} : { warm: options.warm }),
    ...(options.close === undefined ? {} : { close: options.close }),
  };
}

async function* answer(
  name: string,
  model: SdkModel,
  options: AiSdkLlmOptions,
  request: LlmRequest,
  signal: AbortSignal,
): AsyncGenerator<LlmEvent> {
  const service: RemoteService = {
    stage: "llm",
    name,
    model: model.modelId,
    ...(options.url === undefined ? {} : { url: options.url }),
    ...(options.urlSetting === undefined ? {} : { urlSetting: options.urlSetting }),
    secrets: options.secrets?.() ?? [],
  };
  if (signal.aborted) throw cancelledError(service);

  // Ours, so that leaving the loop for whatever reason ends the request and gives its socket back.
  const scope = linkedAbort(signal);
  const clock = options.clock ?? systemClock;
  const startedAt = clock.now();
  const firstTokenMs = options.firstTokenTimeoutMs ?? FIRST_TOKEN_TIMEOUT_MS;
  const idleMs = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  let spoke = false;
  const next = <T>(promise: PromiseLike<T>): Promise<T> =>
    within(promise, {
      clock,
      signal,
      timeoutMs: spoke ? idleMs : Math.max(0, startedAt + firstTokenMs - clock.now()),
      timedOut: () => timeoutError(service, spoke ? "next token" : "first token", spoke ? idleMs : firstTokenMs),
      cancelled: () => cancelledError(service),
    });

  const toolCalls: LlmEvent[] = [];
  let reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart> | undefined;
  try {
    const started = Promise.resolve(model.doStream(callOptions(request, options, scope.signal)));
    // A model that doesn't mind its signal may answer when nobody waits any more.
    const dropLate = (late: { stream: ReadableStream }) => (scope.signal.aborted ? late.stream.cancel() : undefined);
    started.then(dropLate).catch(() => {});
    reader = (await next(started)).stream.getReader();
    while (true) {
      const { done, value: part } = await next(reader.read());
      if (done) throw cutError(service, "protocol");
      switch (part.type) {
        case "text-delta":
          if (part.delta === "") break;
          spoke = true;
          yield { type: "text", text: part.delta };
          break;
        case "tool-input-start":
        case "reasoning-delta":
          spoke = true;
          break;
        case "tool-call":
          spoke = true;
          toolCalls.push({
            type: "tool-call",
            toolCallId: part.toolCallId,
            tool: part.toolName,
            args: parsed(part.input),
          });
          break;
        case "error":
          throw part.error;
        case "finish": {
          const { unified } = part.finishReason;
          if (unified === "interrupted") throw cutError(service, "protocol");
          if (unified === "error") throw failed(service, part.finishReason.raw);
          yield* toolCalls;
          const usage = toUsage(part.usage);
          yield { type: "end", finishReason: finishReason(unified), ...(usage === undefined ? {} : { usage }) };
          return;
        }
        default: // metadata, sources, files: not for the ear
      }
    }
  } catch (error) {
    throw signal.aborted ? cancelledError(service) : fromAiSdk(service, error);
  } finally {
    scope.release();
    scope.abort();
    reader?.cancel().catch(() => {});
  }
}

function callOptions(request: LlmRequest, options: AiSdkLlmOptions, signal: AbortSignal): LanguageModelV4CallOptions {
  const temperature = request.temperature ?? options.temperature;
  const maxOutputTokens = request.maxTokens ?? options.maxTokens;
  return {
    prompt: toPrompt(request),
    abortSignal: signal,
    ...(request.tools.length === 0 ? {} : { tools: toTools(request.tools), toolChoice: { type: request.toolChoice } }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(options.reasoning === undefined ? {} : { reasoning: options.reasoning }),
    ...(options.providerOptions === undefined ? {} : { providerOptions: options.providerOptions }),
  };
}

/** Arguments as the model wrote them; a tool without parameters is often called with nothing at all. */
function parsed(input: string): unknown {
  if (input.trim() === "") return {};
  try {
    return JSON.parse(input);
  } catch {
    return { invalid: input };
  }
}

function toUsage(usage: LanguageModelV4Usage): LlmUsage | undefined {
  const inputTokens = usage.inputTokens.total;
  const outputTokens = usage.outputTokens.total;
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 };
}

function finishReason(unified: string): Extract<LlmEvent, { type: "end" }>["finishReason"] {
  return unified === "stop" || unified === "length" || unified === "tool-calls" ? unified : "other";
}

function failed(service: RemoteService, raw: string | undefined) {
  return remoteError(service, `ended its answer with an error${raw === undefined ? "" : ` (${raw})`}`, {
    code: "provider-failed",
    category: "provider",
    retryable: true,
  });
}
