import type {
  JSONValue,
  LanguageModelV4FunctionTool,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ToolResultPart,
} from "@ai-sdk/provider";
import type { Message, ToolCallPart } from "@parley/conversation";
import type { LlmRequest, ToolSpec } from "../ports/llm.ts";

/** What a model is told about a tool whose result the log doesn't have: the call was cut or the person spoke over it. */
const UNKNOWN_RESULT = "The result is not known.";

/**
 * Our history as a model wants it: each tool result directly after the message that asked for it, no call without a
 * result, no result without a call, nothing empty. Vendors answer 400 to any of these, and a real call has all of them.
 */
export function toPrompt(request: Pick<LlmRequest, "instructions" | "messages">): LanguageModelV4Prompt {
  const results = new Map<string, Extract<Message, { role: "tool" }>>();
  for (const message of request.messages) if (message.role === "tool") results.set(message.toolCallId, message);

  const prompt: LanguageModelV4Prompt = [];
  if (request.instructions.trim() !== "") prompt.push({ role: "system", content: request.instructions });
  for (const message of request.messages) {
    if (message.role === "user" && message.text.trim() !== "") {
      prompt.push({ role: "user", content: [{ type: "text", text: message.text }] });
    }
    if (message.role === "assistant") prompt.push(...assistantTurn(message, results));
  }
  return prompt;
}

export function toTools(tools: readonly ToolSpec[]): LanguageModelV4FunctionTool[] {
  return tools.map((tool) => ({
    type: "function",
    name: tool.name,
    description: tool.description,
    inputSchema: tool.parameters as LanguageModelV4FunctionTool["inputSchema"],
  }));
}

function assistantTurn(
  message: Extract<Message, { role: "assistant" }>,
  results: ReadonlyMap<string, { result: unknown }>,
): LanguageModelV4Message[] {
  const calls = message.toolCalls ?? [];
  const text = message.text.trim() === "" ? [] : [{ type: "text" as const, text: message.text }];
  if (text.length === 0 && calls.length === 0) return [];
  const asked: LanguageModelV4Message = {
    role: "assistant",
    content: [
      ...text,
      ...calls.map(({ toolCallId, tool, args }) => ({
        type: "tool-call" as const,
        toolCallId,
        toolName: tool,
        input: args ?? {},
      })),
    ],
  };
  if (calls.length === 0) return [asked];
  return [asked, { role: "tool", content: calls.map((call) => toolResult(call, results.get(call.toolCallId))) }];
}

function toolResult(call: ToolCallPart, found: { result: unknown } | undefined): LanguageModelV4ToolResultPart {
  const result = found === undefined ? UNKNOWN_RESULT : found.result;
  return {
    type: "tool-result",
    toolCallId: call.toolCallId,
    toolName: call.tool,
    output: typeof result === "string" ? { type: "text", value: result } : { type: "json", value: toJson(result) },
  };
}

/** A tool may return anything; a model takes JSON. */
function toJson(value: unknown): JSONValue {
  try {
    return JSON.parse(JSON.stringify(value ?? null) ?? "null");
  } catch {
    return String(value);
  }
}
