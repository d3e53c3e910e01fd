import { z } from "zod";
import * as call from "./call.ts";
import * as hearing from "./hearing.ts";
import * as playback from "./playback.ts";
import * as recording from "./recording.ts";
import * as reply from "./reply.ts";
import * as tools from "./tools.ts";
import * as turn from "./turn.ts";

export type { ConnectionQuality } from "./call.ts";
export { FACT_VERSION, type Failure } from "./envelope.ts";
export type { ReplyCause } from "./reply.ts";

/** Every fact there is, as it stands in a log. */
export const factSchema = z.discriminatedUnion("type", [
  call.callStarted,
  call.callRecovered,
  call.participantJoined,
  call.participantLeft,
  call.networkChanged,
  call.connectionQualityChanged,
  call.trackSubscribed,
  call.trackEnded,
  call.trackFailed,
  call.listenerReady,
  call.deadlinePassed,
  call.dtmfReceived,
  call.errorOccurred,
  call.closeRequested,
  call.muteChanged,
  call.languageChanged,
  call.agentChanged,
  call.contextUpdated,
  call.userAway,
  call.userBack,
  call.callClosing,
  call.exitRequested,
  call.exitFinished,
  call.callClosed,
  hearing.speechStarted,
  hearing.speechEnded,
  hearing.transcriptInterim,
  hearing.transcriptFinal,
  hearing.transcriptFailed,
  hearing.turnEndPredicted,
  hearing.textReceived,
  hearing.modelTurnEnded,
  hearing.turnReviewed,
  turn.turnOpened,
  turn.transcriptRequested,
  turn.turnCommitted,
  turn.turnReviewRequested,
  turn.turnReplied,
  turn.turnSkipped,
  turn.turnFailed,
  reply.replyRequested,
  reply.replyFirstToken,
  reply.replySentence,
  reply.replyTextEnded,
  reply.replyFailed,
  reply.speechFirstAudio,
  reply.speechMade,
  reply.sayRequested,
  reply.interruptRequested,
  reply.speechRequested,
  reply.replyReleased,
  reply.replyContinued,
  reply.replyDiscarded,
  reply.replyFinished,
  reply.usageReported,
  playback.playbackStarted,
  playback.playbackProgress,
  playback.playbackPaused,
  playback.playbackStopped,
  playback.playbackDrained,
  playback.replyDucked,
  playback.replyPaused,
  playback.replyResumed,
  playback.replyStopped,
  recording.recordingRequested,
  recording.recordingAnswered,
  recording.recordingFailed,
  recording.recordingChanged,
  tools.toolCalled,
  tools.toolStarted,
  tools.toolFinished,
  tools.toolFailed,
  tools.toolCancelled,
]);

type Known<T> = T extends unknown ? { [K in keyof T as string extends K ? never : K]: T[K] } : never;

/** One thing that happened in a call. */
export type Fact = Known<z.infer<typeof factSchema>>;
export type FactType = Fact["type"];
export type FactOf<T extends FactType> = Extract<Fact, { type: T }>;

type EnvelopeKey = "callId" | "epoch" | "seq" | "version" | "at";
type Bare<T> = T extends unknown ? Omit<T, EnvelopeKey> : never;

/** Facts that the rules state themselves: decisions. */
const decisionTypes = [
  "user-away",
  "user-back",
  "call-closing",
  "exit-requested",
  "call-closed",
  "turn-opened",
  "transcript-requested",
  "turn-committed",
  "turn-review-requested",
  "turn-replied",
  "turn-skipped",
  "turn-failed",
  "reply-requested",
  "speech-requested",
  "reply-released",
  "reply-continued",
  "reply-discarded",
  "reply-finished",
  "reply-ducked",
  "reply-paused",
  "reply-resumed",
  "reply-stopped",
  "tool-started",
  "tool-cancelled",
  "recording-changed",
] as const satisfies readonly FactType[];

export type DecisionType = (typeof decisionTypes)[number];
/** What the rules decide, without its place in the log. */
export type Decision = Bare<FactOf<DecisionType>>;
export type Input = Exclude<Fact, { type: DecisionType }>;
/** What a stage reports, without its place in the log. */
export type InputBody = Bare<Input>;

const decisions: ReadonlySet<string> = new Set(decisionTypes);
export function isDecision(fact: { type: string }): boolean {
  return decisions.has(fact.type);
}

const ephemeral: ReadonlySet<string> = new Set<FactType>(["transcript-interim"]);
/** Shown live, never in the log unless a decision rests on it, never changes state. */
export function isEphemeral(fact: { type: string }): boolean {
  return ephemeral.has(fact.type);
}
