import type { Message } from "@parley/conversation";

/** A tool as the model sees it. */
export interface ToolSpec {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>;
}

export interface LlmRequest {
  instructions: string;
  /** What was really said and heard so far; the last one is what is answered. */
  messages: readonly Message[];
  tools: readonly ToolSpec[];
  /** `none` once a reply has used up its tool steps. */
  toolChoice: "auto" | "none";
  language: string;
  temperature?: number;
  maxTokens?: number;
}

export interface LlmUsage {
  inputTokens: number;
  outputTokens: number;
}

export type LlmEvent =
  | { type: "text"; text: string }
  /** `args` is parsed JSON, not yet validated; when the model sent broken JSON it is `{ invalid: string }`. */
  | { type: "tool-call"; toolCallId: string; tool: string; args: unknown }
  /** Always the last event of a whole answer; a stream that ends without it was cut. */
  | { type: "end"; finishReason: "stop" | "length" | "tool-calls" | "other"; usage?: LlmUsage };

/** A language model. One Llm serves many calls of a process. */
export interface Llm {
  readonly name: string;
  /** Throws ParleyError; an aborted signal ends it with category `cancelled`. */
  stream(request: LlmRequest, signal: AbortSignal): AsyncIterable<LlmEvent>;
  warm?(): Promise<void>;
  close?(): Promise<void>;
}
