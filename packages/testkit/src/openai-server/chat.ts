import { type Answer, json, missing } from "./answer.ts";
import type { ChatReply, ChatRequest, OpenAiServerOptions } from "./types.ts";

const HEAD = { id: "chatcmpl-test", created: 1_700_000_000, system_fingerprint: "fp_test" };

/** POST /chat/completions, whole or as SSE (https://platform.openai.com/docs/api-reference/chat/streaming). */
export async function chat(body: Record<string, unknown>, options: OpenAiServerOptions): Promise<Answer> {
  if (!Array.isArray(body.messages) || body.messages.length === 0) throw missing("messages");
  const request = toRequest(body);
  const reply = normal((await options.reply?.(request)) ?? request.lastUserText);
  const usage = {
    prompt_tokens: words(JSON.stringify(body.messages)).length,
    completion_tokens: reply.pieces.length + reply.calls.length,
    total_tokens: words(JSON.stringify(body.messages)).length + reply.pieces.length + reply.calls.length,
  };
  if (body.stream !== true) return json(whole(request.model, reply, usage));

  const chunk = (more: object) => ({ ...HEAD, object: "chat.completion.chunk", model: request.model, ...more });
  const delta = (value: object, finish: string | null = null) =>
    chunk({ choices: [{ index: 0, delta: value, logprobs: null, finish_reason: finish }] });
  const events: object[] = [delta({ role: "assistant", content: reply.calls.length > 0 ? null : "", refusal: null })];
  for (const content of reply.pieces) events.push(delta({ content }));
  for (const [index, { id, name, args }] of reply.calls.entries()) {
    events.push(delta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }));
    for (const part of halves(args)) events.push(delta({ tool_calls: [{ index, function: { arguments: part } }] }));
  }
  if (reply.finish !== null) {
    events.push(delta({}, reply.finish));
    const wantsUsage = (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
    if (wantsUsage) events.push(chunk({ choices: [], usage }));
  }
  const lines = [...events.map((event) => JSON.stringify(event)), ...(reply.finish === null ? [] : ["[DONE]"])];
  return {
    status: 200,
    headers: { "content-type": "text/event-stream; charset=utf-8" },
    pieces: lines.map((line) => Buffer.from(`data: ${line}\n\n`)),
  };
}

function toRequest(body: Record<string, unknown>): ChatRequest {
  const messages = body.messages as ChatRequest["messages"];
  const lastUser = messages.findLast((message) => message.role === "user")?.content;
  const functions = (Array.isArray(body.tools) ? body.tools : []) as { function: ChatRequest["tools"][number] }[];
  return {
    model: String(body.model),
    messages,
    lastUserText: textOf(lastUser),
    afterTool: messages.at(-1)?.role === "tool",
    tools: functions.map((tool) => tool.function),
    body,
  };
}

interface Normal {
  pieces: readonly string[];
  calls: { id: string; name: string; args: string }[];
  finish: string | null;
}

function normal(reply: ChatReply): Normal {
  const { text, toolCalls, finishReason }: Exclude<ChatReply, string | readonly string[]> =
    typeof reply === "string" || isPieces(reply) ? { text: reply } : reply;
  const calls = (toolCalls ?? []).map(({ toolCallId, tool, args }, index) => ({
    id: toolCallId ?? `call_${index + 1}`,
    name: tool,
    args: typeof args === "string" ? args : JSON.stringify(args),
  }));
  return {
    pieces: typeof text === "string" ? words(text) : (text ?? []),
    calls,
    finish: finishReason === undefined ? (calls.length > 0 ? "tool_calls" : "stop") : finishReason,
  };
}

function whole(model: string, reply: Normal, usage: object): object {
  const tool_calls = reply.calls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.args },
  }));
  const message = {
    role: "assistant",
    content: reply.pieces.join("") || null,
    refusal: null,
    ...(tool_calls.length > 0 ? { tool_calls } : {}),
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: reply.finish };
  return { ...HEAD, object: "chat.completion", model, choices: [choice], usage };
}

function isPieces(reply: ChatReply): reply is readonly string[] {
  return Array.isArray(reply);
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => part?.text ?? "").join(" ") : "";
}

/** With the spaces that follow them, as tokens come. */
function words(text: string): string[] {
  return text.match(/\S+\s*/g) ?? [];
}

function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((part) => part !== "");
}
