import { createOpenAI } from "@ai-sdk/openai";
import { aiSdkLlm, garbageError } from "@parley/engine";
import type { OpenAiConnection } from "./connection.ts";
import { webFetch } from "./undici.ts";

/** The AI SDK's chat model over one of our connections. */
export function chatModel(model: string, connection: OpenAiConnection) {
  const { fetch } = webFetch();
  const ask = async (input: string, init: object) => {
    const response = await fetch(input, { ...init, dispatcher: connection.agent });
    // The SDK would look for events in a web page, and find an answer that was cut.
    if (!response.ok || !/^text\/html/.test(response.headers.get("content-type") ?? "")) return response;
    await response.body?.cancel();
    throw garbageError(connection.service, "it is a web page, not events");
  };
  const provider = createOpenAI({
    baseURL: connection.baseUrl,
    // The SDK looks for an environment variable of its own when there is no key; a space keeps it from that.
    apiKey: () => connection.key() || " ",
    fetch: ask as never,
  });
  return provider.chat(model);
}

/** An answer in the wire's format, of one word. */
const REHEARSAL = ['{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}', "[DONE]"];

/**
 * One answer that never leaves the process. The SDK builds its schemas at the first request, which takes as long as a
 * model takes to its first word; the first caller should not be the one who waits for it.
 */
export async function rehearse(model: string): Promise<void> {
  const { Response } = webFetch();
  const body = REHEARSAL.map((line) => `data: ${line}\n\n`).join("");
  const answer = () => Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
  const provider = createOpenAI({ apiKey: "none", fetch: answer as never });
  const llm = aiSdkLlm(`openai/${model}`, provider.chat(model));
  const tools = [{ name: "rehearse", description: "", parameters: { type: "object", properties: {} } }];
  const messages = [{ role: "user" as const, text: "Hello", participantId: "nobody" }];
  const request = { instructions: "Say hello.", messages, tools, toolChoice: "auto" as const, language: "en" };
  for await (const _ of llm.stream(request, new AbortController().signal));
}
