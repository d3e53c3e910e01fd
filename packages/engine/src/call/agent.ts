import type { Fact, FactType, Message, RuleState, Settings } from "@parley/conversation";
import type {
  ConnectionReading,
  EchoCanceller,
  Llm,
  NoiseFilter,
  Participant,
  RealtimeModel,
  Stt,
  Tts,
  TurnDetector,
  Vad,
} from "../ports/index.ts";

/** Where a call comes from: room and dispatch metadata, as far as they are there. */
export interface CallContext {
  room: string | null;
  agentId: string | null;
  tenantId: string | null;
  /** BCP 47; overrides the agent's. */
  language: string | null;
  from: string | null;
  to: string | null;
  metadata: Record<string, unknown>;
}

/** The person an agent speaks with; `metadata` is what the token carried (the user context). */
export type Caller = Pick<Participant, "participantId" | "name" | "metadata" | "attributes" | "kind">;

/**
 * What is known of the caller, from one call to the next. What is changed here is known at once in this call, and to
 * those that begin later. Both throw ParleyError `no-user` (a stranger, whom nothing is kept of), `context-too-large`
 * (32 KiB of JSON), `context-not-json`, `call-over`.
 */
export interface UserContext {
  get(): Readonly<Record<string, unknown>>;
  /** A JSON merge patch (RFC 7396): what it names is replaced, objects are merged, null removes. */
  update(patch: Record<string, unknown>): void;
  /** In place of all that was known. */
  set(context: Record<string, unknown>): void;
}

/** Whether a call is recorded, for the author's code. */
export interface RecordingControl {
  /** asking: the caller has not answered yet, and nothing is kept. */
  readonly state: RuleState["recording"]["now"];
  /** Begins, or goes on after a stop; without effect where the agent's settings, or a caller who is to be asked, do not permit it. */
  start(): void;
  /** Silence in the recording, until `resume`: while a card number is said. */
  pause(): void;
  resume(): void;
  stop(): void;
  /** What the caller answered when he was asked; false ends the recording at any time. */
  answer(agreed: boolean): void;
}

/** How another agent is to go on with a call. */
export interface TransferOptions {
  /** For the log: why. */
  reason?: string;
  /** Said first by the other one, in place of its greeting. */
  message?: string;
}

/** What hooks and tools may do with the live call. */
export interface CallControl {
  readonly callId: string;
  readonly agent: string;
  readonly context: CallContext;
  readonly language: string;
  /** The first person who joined; null before that. */
  readonly caller: Caller | null;
  /** `context.metadata.context`, and how it is changed. */
  readonly userContext: UserContext;
  /** What was said and heard so far. */
  history(): Message[];
  /** Speaks after what is being said now. */
  say(text: string, options?: { interruptible?: boolean }): void;
  /** Silences the agent. */
  interrupt(): void;
  /** A message for people to read. */
  chat(text: string): void;
  readonly recording: RecordingControl;
  /**
   * Another agent goes on with the call: one of `colleagues`, or any that a worker elsewhere runs. What is being said is said to
   * its end; what was said so far goes along. Of a colleague: done when it resolves. Of one elsewhere: it is there, and gets the
   * call at the next moment in which nobody speaks. Rejects with ParleyError, and then nothing has changed: `agent-not-found`
   * (it lists those that there are), `same-agent`, `transfer-under-way`, `speaks-realtime`, `template-variable-missing`,
   * `call-over`.
   */
  transferTo(agentId: string, options?: TransferOptions): Promise<void>;
  /** Ends the call, by default after what is being said. */
  hangUp(reason?: string, options?: { afterReply?: boolean }): void;
}

/** What a tool is given beside its arguments. */
export interface ToolContext {
  call: CallControl;
  caller: Caller | null;
  /** The same for every attempt of this one call of the tool. */
  idempotencyKey: string;
  /** Speaks while the tool works. */
  say(text: string): void;
  /** Aborted when the person interrupts, the tool takes too long, or the call ends. */
  signal: AbortSignal;
}

export interface AgentTool {
  name: string;
  description: string;
  /** JSON Schema. */
  parameters: Record<string, unknown>;
  /** Only reads: may run in a speculative reply. */
  readOnly: boolean;
  /** Validates `args` (throws an Error that the model can act on) and runs. The result must be JSON. */
  execute(args: unknown, context: ToolContext): Promise<unknown>;
}

export interface UserTurn {
  turnId: string;
  text: string;
  participantId: string;
}

/** Somebody's connection, or with `participantId` null the agent's own, has become better or worse. */
export interface ConnectionQualityChange extends ConnectionReading {
  participantId: string | null;
}

export interface CallHooks {
  /** The first person is there. */
  onEnter?(call: CallControl): void | Promise<void>;
  /**
   * The call ends: everything is said, and only its log is still open. What it teaches `call.userContext` is told as it
   * returns. Called once; again where its process died in it, so that other effects want the callId as their key.
   */
  onExit?(call: CallControl, reason: string): void | Promise<void>;
  /** Before the reply: `{ text }` changes what the model sees, `{ skip: true }` makes the agent stay silent. */
  onUserTurnCompleted?(
    turn: UserTurn,
    call: CallControl,
    // biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing
  ): TurnVerdict | void | Promise<TurnVerdict | void>;
  /** A connection has become better or worse; not more often than every 10 s for each participant. */
  onConnectionQuality?(change: ConnectionQualityChange, call: CallControl): void | Promise<void>;
  /** Every fact of the log, as it happens; interim transcripts too. */
  on?: { [T in FactType]?: (fact: Extract<Fact, { type: T }>, call: CallControl) => void | Promise<void> };
}

export type TurnVerdict = { text: string } | { skip: true };

/** How speech is cut into facts, ms. */
export interface HearingOptions {
  /** Voiced sound this long is speech. */
  startMs: number;
  /** Silence this long is a pause: a transcript is asked for, and perhaps an answer prepared. */
  pauseMs: number;
  /** Speech that goes on this soon after a pause is transcribed again together with what was before; 0: never. */
  joinMs: number;
  /** VAD probability that counts as voiced; what falls 0.15 below it is silence. */
  threshold: number;
  /** Sound kept from before the speech. */
  preRollMs: number;
}

/** Longest waits of the stages, ms. */
export interface StageTimeouts {
  sttMs: number;
  firstTokenMs: number;
  tokenMs: number;
  firstAudioMs: number;
  audioMs: number;
  hookMs: number;
  turnDetectorMs: number;
}

/** An agent with its providers, ready to run calls. One per process serves many calls. */
export interface CallAgent {
  name: string;
  /** Templates over the call: `{{caller.name}}`, `{{language}}`, `{{metadata.x}}`. */
  instructions: string;
  greeting: string | null;
  language: string;
  stt: Stt | null;
  llm: Llm | null;
  tts: Tts | null;
  /** Speaks when `tts` can't. */
  spareTts?: Tts | null;
  realtime?: RealtimeModel | null;
  vad: Vad;
  /** Asked at every pause, beside the words. */
  turnDetector?: TurnDetector | null;
  echoCanceller?: EchoCanceller | null;
  noiseFilter?: NoiseFilter | null;
  voice?: string;
  speed?: number;
  temperature?: number;
  maxTokens?: number;
  /** What callers are likely to say. */
  phrases: readonly string[];
  tools: readonly AgentTool[];
  hooks: CallHooks;
  settings: Settings;
  hearing: HearingOptions;
  timeouts: StageTimeouts;
}

export const hearingDefaults: HearingOptions = { startMs: 90, pauseMs: 192, joinMs: 0, threshold: 0.5, preRollMs: 400 };

/** With a recogniser that can begin again at no great cost, the shortest pause is worth asking at: it is taken back. */
export const eagerHearing: Pick<HearingOptions, "pauseMs" | "joinMs"> = { pauseMs: 64, joinMs: 350 };

export const timeoutDefaults: StageTimeouts = {
  sttMs: 10_000,
  firstTokenMs: 10_000,
  tokenMs: 8_000,
  firstAudioMs: 6_000,
  audioMs: 6_000,
  hookMs: 5_000,
  turnDetectorMs: 1_000,
};
