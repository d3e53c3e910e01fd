import { createOpenAI } from "@ai-sdk/openai";
import { aiSdkLlm, type Llm } from "@parley/engine";
import { fetch } from "undici";
import { OpenAiConnection, type OpenAiConnectionOptions } from "./connection.ts";
import { openaiDefaults, reasoningFor } from "./defaults.ts";

export interface OpenAiLlmOptions extends OpenAiConnectionOptions {
  model?: string;
  temperature?: number;
  maxTokens?: number;
  /** Default: the least the model can do, where its id is known to take the setting. */
  reasoning?: "provider-default" | "none" | "minimal" | "low" | "medium" | "high";
}

const FIRST_TOKEN_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 8_000;

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
    warm: () => connection.warm(),
    close: () => connection.close(),
  });
}
