import { createOpenAI } from "@ai-sdk/openai";
import { aiSdkLlm, type Llm } from "@parley/engine";
import { OpenAiConnection, type OpenAiConnectionOptions } from "./connection.ts";
import { openaiDefaults, reasoningFor } from "./defaults.ts";
import { fetch, Response } from "./undici.ts";

export interface OpenAiLlmOptions extends OpenAiConnectionOptions {
  model?: string;
  temperature?: number;
  maxTokens?: number;
  /** Default: the least the model can do, where its id is known to take the setting. */
  reasoning?: "provider-default" | "none" | "minimal" | "low" | "medium" | "high";
}

const FIRST_TOKEN_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 8_000;
/** A process takes calls as soon as it can greet; its first question comes later. */
const REHEARSE_AFTER_MS = 50;

/**
 * OpenAI's chat completions, or those of any compatible server, through the AI SDK. (Chat completions rather than the
 * newer responses API, because that is what the compatible servers have.)
 *
 * @throws RemoteError as `aiSdkLlm` documents.
 */
export function openaiLlm(options: OpenAiLlmOptions): Llm {
  const model = options.model ?? openaiDefaults.llmModel;
  const connection = new OpenAiConnection("llm", model, options, {
    firstByteMs: FIRST_TOKEN_TIMEOUT_MS,
    idleMs: IDLE_TIMEOUT_MS,
  });
  const provider = createOpenAI({
    baseURL: connection.baseUrl,
    // The SDK looks for an environment variable of its own when there is no key; a space keeps it from that.
    apiKey: () => connection.key() || " ",
    fetch: ((input: string, init: object) => fetch(input, { ...init, dispatcher: connection.agent })) as never,
  });
  const reasoning = options.reasoning ?? reasoningFor(model);
  return aiSdkLlm(`openai/${model}`, provider.chat(model), {
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
    ...(options.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }),
    ...(reasoning === undefined ? {} : { reasoning }),
    firstTokenTimeoutMs: connection.timeouts.firstByteMs,
    idleTimeoutMs: connection.timeouts.idleMs,
    clock: connection.clock,
    url: connection.baseUrl,
    secrets: () => connection.service.secrets ?? [],
    warm: async () => {
      await connection.warm();
      setTimeout(() => void rehearse(model), REHEARSE_AFTER_MS).unref();
    },
    close: () => connection.close(),
  });
}

/** An answer in the wire's format, of one word. */
const REHEARSAL = ['{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}', "[DONE]"];

/**
 * One answer that never leaves the process. The SDK builds its schemas at the first request, which takes as long as a
 * model takes to its first word; the first caller should not be the one who waits for it.
 */
async function rehearse(model: string): Promise<void> {
  const body = REHEARSAL.map((line) => `data: ${line}\n\n`).join("");
  const answer = () => Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
  const provider = createOpenAI({ apiKey: "none", fetch: answer as never });
  const llm = aiSdkLlm(`openai/${model}`, provider.chat(model));
  const tools = [{ name: "rehearse", description: "", parameters: { type: "object", properties: {} } }];
  const messages = [{ role: "user" as const, text: "Hello", participantId: "nobody" }];
  const request = { instructions: "Say hello.", messages, tools, toolChoice: "auto" as const, language: "en" };
  try {
    for await (const _ of llm.stream(request, new AbortController().signal));
  } catch {
    // The first request is slower then, and says itself what is wrong.
  }
}
