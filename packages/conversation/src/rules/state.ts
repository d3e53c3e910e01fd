import type { ConnectionQuality, Decision, Fact, Failure, ReplyCause } from "../facts/index.ts";
import type { SeenPause } from "../policies/endpointing/policy.ts";
import type { Settings } from "../settings.ts";

/** A moment that the rules wait for; the engine answers with `deadline-passed`. `at` is call time in ms. */
export interface Deadline {
  id: string;
  at: number;
  /** It is the end of this person's silence: whoever hears them begin to speak as it comes may wait until that is sure. */
  silenceOf?: string;
}

/** What every concern is: its own state, how facts change it, what it decides, what it waits for. */
export interface Concern<S> {
  readonly initial: S;
  /** Pure. Sees the others as they were before this fact. */
  evolve(own: S, fact: Fact, state: RuleState): S;
  /** Pure. Sees every concern as it is after `fact`. */
  decide?(state: RuleState, fact: Fact): readonly Decision[];
  deadlines?(state: RuleState): readonly Deadline[];
}

/** Everything the rules know. Finished turns and replies are dropped: its size does not grow with the call. */
export interface RuleState {
  readonly callId: string;
  readonly epoch: number;
  /** Of the last durable fact. */
  readonly seq: number;
  readonly at: number;
  readonly settings: Settings;
  readonly language: string;
  /** Somebody silenced the agent: nothing is said or answered. */
  readonly muted: boolean;
  readonly hearing: HearingState;
  readonly recording: RecordingState;
  readonly turns: TurnsState;
  readonly tools: ToolsState;
  readonly replies: RepliesState;
  readonly playback: PlaybackState;
  readonly away: AwayState;
  readonly closing: ClosingState;
}

export interface Person {
  present: boolean;
  /** Has subscribed to the agent's voice. */
  ready: boolean;
  network: "ok" | "lost";
  /** Excellent until something else was told. */
  connection: ConnectionQuality;
  speakingSinceMs: number | null;
  /** The same, with what was said before a breath; of no meaning while he is silent. */
  stretchSinceMs: number;
  /** Where the last stretch of speech ended. */
  spokeUntilMs: number | null;
}
export interface HearingState {
  /** By participantId. Agents are not in it: they are not listened to. */
  readonly people: Readonly<Record<string, Person>>;
  /** The agent's own. */
  readonly connection: ConnectionQuality;
}

export interface RecordingState {
  readonly now: "off" | "asking" | "on" | "paused";
  /** Where the caller is asked: he has said yes, and not taken it back. */
  readonly agreed: boolean;
  /** The reply that asks. */
  readonly questionId: string | null;
  readonly questionHeard: boolean;
  /** The question was said; since then its answer is waited for. */
  readonly waitingSince: number | null;
  /** What was made of the first turn after it. */
  readonly answer: { turnId: string; participantId: string; meaning: "yes" | "no" | null } | null;
  /** Said once the question is settled. */
  readonly greeting: string | null;
  /** seq of what settled it, where the greeting is still wanted. */
  readonly greetSeq: number;
}

export interface Segment {
  startMs: number;
  endMs: number | null;
  status: "speaking" | "ended" | "requested" | "final" | "failed";
  requestedAt: number;
  /** How often it went on after a pause. */
  takes: number;
  text: string;
  understood: boolean;
  /** What a turn detector made of the pause after it. */
  endProbability?: number;
}
export interface OpenTurn {
  turnId: string;
  participantId: string;
  via: "speech" | "text";
  startMs: number;
  overReplyId: string | null;
  segments: readonly Segment[];
  /** Nothing follows what was said: its end is not waited for. */
  whole?: true;
  /** Replies prepared for it in vain. */
  wasted: number;
}
export interface CommittedTurn {
  turnId: string;
  participantId: string;
  text: string;
  understood: boolean;
  overReplyId: string | null;
  endMs: number;
  committedAt: number;
  /** Every part of it failed to be transcribed. */
  unheard: boolean;
  status: "review" | "ready";
}
export interface TurnsState {
  readonly opened: number;
  readonly open: readonly OpenTurn[];
  readonly committed: readonly CommittedTurn[];
  /** By participantId; the last few. */
  readonly pauses: Readonly<Record<string, readonly SeenPause[]>>;
}

export interface ToolCall {
  toolCallId: string;
  replyId: string;
  step: number;
  tool: string;
  effectful: boolean;
  status: "called" | "started" | "done";
  startedAt: number;
}
export interface ToolsState {
  readonly calls: readonly ToolCall[];
}

export interface Sentence {
  index: number;
  text: string;
  /** Its sound was asked for. */
  asked: boolean;
  /** Length of its sound; null until it is wholly made. */
  ms: number | null;
  /** Where the voice gives them. */
  words?: readonly { word: string; endMs: number }[] | undefined;
}
export interface Reply {
  replyId: string;
  cause: ReplyCause;
  speculative: boolean;
  basis: string | null;
  /** Fixed speech; null: the model is asked. */
  text: string | null;
  interruptible: boolean;
  /** Given sound: it is played, nothing is made. */
  sound?: string;
  step: number;
  textEnded: boolean;
  /** Its agent has left the call: what is made of it is said to its end, and no model is asked to go on with it. */
  left?: true;
  failed: { stage: string; error: Failure } | null;
  sentences: readonly Sentence[];
  progressAt: number;
}
export interface RepliesState {
  readonly requested: number;
  /** In the order they were asked for. */
  readonly active: readonly Reply[];
}

export interface Playing {
  replyId: string;
  /** released: may sound, nothing has yet. stopping: waits for the mouth's answer. */
  phase: "released" | "playing" | "ducked" | "paused" | "stopping";
  audible: boolean;
  heardMs: number;
  drained: boolean;
  /** When the present phase began. */
  since: number;
  /** seq of its reply-released. */
  releasedSeq: number;
  /** How often it was ducked; makes deadline ids unique. */
  ducks: number;
}
export interface PlaybackState {
  /** At most one reply is audible. */
  readonly current: Playing | null;
}

export interface AwayState {
  readonly lastActivityAt: number;
  readonly away: boolean;
  readonly times: number;
}

export interface ClosingState {
  readonly phase: "open" | "asked" | "closing" | "closed";
  readonly reason: string;
  readonly askedAt: number;
  /** A last sentence is to be said, or was asked for; nothing is answered any more. */
  readonly farewell: "due" | "asked" | null;
  readonly everJoined: boolean;
  /** Since when nobody is there. */
  readonly emptySince: number;
  /** The author's onExit: since when it runs; null before, and when its process has died. */
  readonly exitSince: number | null;
  /** It has run to its end, or what it taught is in the log: it is not run again. */
  readonly exited: boolean;
}

/** Replaces the element that `matches`, or returns the same array. */
export function update<T>(items: readonly T[], matches: (item: T) => boolean, change: (item: T) => T): readonly T[] {
  const index = items.findIndex(matches);
  if (index < 0) return items;
  const next = items.slice();
  next[index] = change(items[index] as T);
  return next;
}
