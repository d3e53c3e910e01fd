/** One entry of the history that a language model is given. */
export type Message =
  | { role: "user"; text: string; participantId: string }
  | { role: "assistant"; text: string; toolCalls?: readonly ToolCallPart[]; interrupted?: boolean }
  | { role: "tool"; toolCallId: string; tool: string; result: unknown };

export interface ToolCallPart {
  toolCallId: string;
  tool: string;
  args: unknown;
}
