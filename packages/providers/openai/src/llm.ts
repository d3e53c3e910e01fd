import { aiSdkLlm, type Llm, type SdkModel } from "@parley/engine";
import type { chatModel } from "./chat-model.ts";
import { BASE_URL_SETTING, OpenAiConnection, type OpenAiConnectionOptions } from "./connection.ts";
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
/** The SDK is large. A process takes calls as soon as it can greet, and the first one greets undisturbed; what the model is asked comes later. */
const REHEARSE_AFTER_MS = 1_000;

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
  const sdk = () => import("./chat-model.ts");
  let chat: Promise<ReturnType<typeof chatModel>> | undefined;
  const lazily: SdkModel = {
    modelId: model,
    async doStream(call) {
      chat ??= sdk().then(({ chatModel }) => chatModel(model, connection));
      return (await chat).doStream(call);
    },
  };
  const reasoning = options.reasoning ?? reasoningFor(model);
  return aiSdkLlm(`openai/${model}`, lazily, {
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
    ...(options.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }),
    ...(reasoning === undefined ? {} : { reasoning }),
    firstTokenTimeoutMs: connection.timeouts.firstByteMs,
    idleTimeoutMs: connection.timeouts.idleMs,
    clock: connection.clock,
    url: connection.baseUrl,
    urlSetting: BASE_URL_SETTING,
    secrets: () => connection.service.secrets ?? [],
    warm: async () => {
      await connection.warm();
      const rehearsal = () => sdk().then(({ rehearse }) => rehearse(model));
      // What is wrong with it, the first request says as well.
      setTimeout(() => void rehearsal().catch(() => {}), REHEARSE_AFTER_MS).unref();
    },
    close: () => connection.close(),
  });
}
