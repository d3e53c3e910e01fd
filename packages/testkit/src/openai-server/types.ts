export type OpenAiEndpoint = "transcriptions" | "chat" | "speech" | "models";

/** What went wrong in the network or in the vendor's house, as a client sees it. */
export type OpenAiFault =
  /** The socket is closed without an answer. */
  | { kind: "refused" }
  /** Takes the request and never answers. */
  | { kind: "hung" }
  /** Begins to answer, then says nothing more and keeps the socket. */
  | { kind: "stalled" }
  /** Answers after this long; `pieceMs` lies between any two pieces of the answer. */
  | { kind: "slow"; delayMs: number; pieceMs?: number }
  /** Begins to answer, then the socket is closed in the middle. */
  | { kind: "cut" }
  /** HTTP 200, and not a word of the protocol; `page`: a web page also where a stream of events was asked for. */
  | { kind: "garbage"; page?: boolean }
  | { kind: "rate-limited"; retryAfterSeconds?: number }
  | { kind: "error"; status: number };

export interface TranscriptionRequest {
  model: string;
  samples: Int16Array;
  sampleRateHz: number;
  /** `language` or `languages[]`. */
  languages: readonly string[];
  prompt: string | null;
  keywords: readonly string[];
}

export interface ChatRequest {
  model: string;
  messages: readonly { role: string; content: unknown; tool_calls?: unknown; tool_call_id?: string }[];
  /** The text of the last user message; empty when there is none. */
  lastUserText: string;
  /** True when the last message carries a tool's result. */
  afterTool: boolean;
  tools: readonly { name: string; description: string; parameters: unknown }[];
  /** Everything, as it came. */
  body: Record<string, unknown>;
}

/** A text is streamed word by word, an array piece by piece. `args` is sent as JSON; a string is sent as it is. */
export type ChatReply =
  | string
  | readonly string[]
  | {
      text?: string | readonly string[];
      toolCalls?: readonly { toolCallId?: string; tool: string; args: unknown }[];
      /** Null: the stream ends without one, as a cut answer does. */
      finishReason?: string | null;
    };

export interface SpeechRequest {
  model: string;
  voice: string;
  input: string;
  speed: number;
  instructions: string | null;
}

/** Mono PCM 16 bit; a bare array is at 24 kHz. */
export type Speech = Int16Array | { samples: Int16Array; sampleRateHz: number };

export interface OpenAiServerOptions {
  /** Keys that are let in. Default `test-key`. */
  apiKeys?: readonly string[];
  /** Model ids that exist; without it any name does. */
  models?: readonly string[];
  /** Default: says how long the audio was. */
  transcribe?: (request: TranscriptionRequest) => string | Promise<string>;
  /** Default: repeats the last user message. */
  reply?: (request: ChatRequest) => ChatReply | Promise<ChatReply>;
  /** Default: a 440 Hz tone of 60 ms a character. */
  speak?: (request: SpeechRequest) => Speech | Promise<Speech>;
  /** Before the first byte, per endpoint; default 0. */
  delaysMs?: Partial<Record<OpenAiEndpoint, number>>;
  /** Between two pieces of a chat answer or of speech; default 0. */
  pieceMs?: number;
  port?: number;
}

/** One request as it came in. */
export interface RecordedRequest {
  endpoint: OpenAiEndpoint;
  /** JSON body, or the fields of the form (a file as its size in bytes). */
  fields: Record<string, unknown>;
  apiKey: string | null;
  /** HTTP status answered, null while unanswered (or never). */
  status: number | null;
  /** The client went away before the whole answer was sent. */
  abandoned: boolean;
}

export interface OpenAiServer {
  /** With `/v1`. */
  readonly baseUrl: string;
  /** In order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** Sockets now open, idle ones included. */
  openSockets(): number;
  /** Requests that are not answered to the end yet. */
  pending(): number;
  /** From now on (for the next `times` requests of it) the endpoint fails so; null heals it. */
  fault(endpoint: OpenAiEndpoint, fault: OpenAiFault | null, times?: number): void;
  /** Idempotent; closes every socket. */
  close(): Promise<void>;
}
