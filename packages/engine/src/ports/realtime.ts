import type { Message } from "@parley/conversation";
import type { ToolSpec } from "./llm.ts";

export interface RealtimeOptions {
  instructions: string;
  language: string;
  tools: readonly ToolSpec[];
  voice?: string;
  /** What was said and heard before, when this session takes the place of one that was lost; else empty. */
  messages: readonly Message[];
  signal: AbortSignal;
}

/** What a speech-to-speech model tells the call. Plain callbacks: this is the audio path. */
export interface RealtimeSink {
  speechStarted(): void;
  speechEnded(): void;
  /** The model judged the person's turn to be over. */
  turnEnded(): void;
  /** May come long after the reply began, or never. */
  transcript(text: string): void;
  /** Mono, 16 bit, at the model's `sampleRateHz`. */
  audio(samples: Int16Array): void;
  /** What the audio says, as it comes. */
  text(delta: string): void;
  toolCall(call: { toolCallId: string; tool: string; args: unknown }): void;
  replyEnded(usage?: { inputTokens: number; outputTokens: number }): void;
  /** The reply under way failed; the session goes on. */
  failed(error: unknown): void;
  /** The session is gone, nothing more comes from it: another one is opened when somebody speaks. */
  lost(error: unknown): void;
}

export interface RealtimeSession {
  /** The caller's sound, 16 kHz mono. */
  push(frame: Int16Array): void;
  /** Ask for a reply to what was heard (or to `text`). The model answers nothing unasked. */
  respond(text?: string): void;
  toolResult(toolCallId: string, result: unknown): void;
  /** The person interrupted: forget everything of the reply after what was heard. */
  truncate(heardMs: number): void;
  close(): void;
}

/** A speech-to-speech model: it hears, thinks and speaks in one. */
export interface RealtimeModel {
  readonly name: string;
  readonly sampleRateHz: number;
  open(options: RealtimeOptions, sink: RealtimeSink): Promise<RealtimeSession>;
}
