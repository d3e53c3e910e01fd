import type { Fact, ReplyCause } from "../../src/facts/index.ts";
import type { Settings } from "../../src/settings.ts";
import { type Invariant, Violation } from "../violation.ts";

/** What an observer who knows the published invariants, but not the rules, writes down while reading a log. */
export interface Ledger {
  settings: Settings;
  callId: string;
  seq: number;
  at: number;
  epoch: number;
  /** Who is there; other agents are not among them. */
  people: Map<string, { speakingSinceMs: number | null }>;
  /** Who has subscribed to the agent's voice. */
  ready: Set<string>;
  turns: Map<string, TurnEntry>;
  openTurns: Set<TurnEntry>;
  committedTurns: Set<TurnEntry>;
  replies: Map<string, ReplyEntry>;
  activeReplies: Set<ReplyEntry>;
  /** Released and not over. */
  current: ReplyEntry | null;
  tools: Map<string, ToolEntry>;
  runningTools: Set<ToolEntry>;
  /** Turns that were committed and replies that were released, in that order. */
  story: (TurnEntry | ReplyEntry)[];
  isAway: boolean;
  isMuted: boolean;
  closing: "open" | "closing" | "closed";
  everJoined: boolean;
  emptySince: number;
  askedAt: number | null;
  closingSince: number;
  recoveredAt: number;
  /** The author's onExit, in this process; and whether what it did is in the log. */
  exit: { askedAt: number | null; over: boolean };
  /** Decisions since the last input. */
  decisionsOfStep: number;
  lastInput: Fact | null;
  lastCommittedText: string;
  /** seq of the end of the last turn that could not be transcribed. */
  unheardSeq: number;
  /** Sounding when its process died, with more than a second of its sound still to come. */
  cutReply: ReplyEntry | null;
  resumed: string | null;
  /** When the end of speech was told last. */
  lastVoiceMs: number;
  /** What was asked to be said as it is, and how much of it sounded. */
  sayings: { asked: number; sounded: number };
  recording: { now: string; asked: boolean; agreed: boolean };
}

export interface TurnEntry {
  kind: "turn";
  turnId: string;
  participantId: string;
  via: "speech" | "text";
  status: "open" | "committed" | "ended";
  underReview: boolean;
  reviewed: boolean;
  reviewAskedAt: number;
  committedSeq: number;
  /** By segment; null: none will come. */
  finals: (string | null | undefined)[];
  /** By segment: how often it went on after a pause. */
  takes: number[];
  /** Its process died: some of its sound is lost. */
  isCut: boolean;
  /** A stretch of speech has ended and nobody was asked to transcribe it. */
  owesTranscript: boolean;
  isSpeaking: boolean;
  speculations: number;
  text: string;
  /** As the history should have it. */
  remembered: string;
  skipped: string | null;
  /** Earlier turns are to be answered with it. */
  supersedes: boolean;
  /** When the transcript of each was asked for. */
  requestedSegments: Map<number, number>;
  /** Since when nothing has moved that should have. */
  waitFrom: number;
}

export interface ReplyEntry {
  kind: "reply";
  replyId: string;
  cause: ReplyCause;
  speculative: boolean;
  basis: string | null;
  phase: "made" | "released" | "playing" | "ducked" | "paused" | "stopping" | "over";
  interruptible: boolean;
  phaseSince: number;
  releasedSeq: number;
  sounded: boolean;
  finished: boolean;
  failed: boolean;
  stopped: boolean;
  step: number;
  sentences: { index: number; text: string; ms: number | null }[];
  asked: Set<number>;
  heardMs: number;
  waitFrom: number;
}

export interface ToolEntry {
  toolCallId: string;
  replyId: string;
  effectful: boolean;
  status: "called" | "started" | "ended";
  startedAt: number;
  started: boolean;
}

export function newLedger(settings: Settings): Ledger {
  return {
    settings,
    callId: "",
    seq: 0,
    at: 0,
    epoch: 1,
    people: new Map(),
    ready: new Set(),
    turns: new Map(),
    openTurns: new Set(),
    committedTurns: new Set(),
    replies: new Map(),
    activeReplies: new Set(),
    current: null,
    tools: new Map(),
    runningTools: new Set(),
    story: [],
    isAway: false,
    isMuted: false,
    closing: "open",
    everJoined: false,
    emptySince: 0,
    askedAt: null,
    closingSince: 0,
    recoveredAt: 0,
    exit: { askedAt: null, over: false },
    decisionsOfStep: 0,
    lastInput: null,
    lastCommittedText: "",
    unheardSeq: 0,
    cutReply: null,
    resumed: null,
    lastVoiceMs: 0,
    sayings: { asked: 0, sounded: 0 },
    recording: { now: "off", asked: false, agreed: false },
  };
}

export function must(holds: boolean, invariant: Invariant, fact: Fact, message: string): asserts holds {
  if (!holds) throw new Violation(invariant, `${message} (seq ${fact.seq}, ${fact.type})`);
}

export function someoneListens(ledger: Ledger): boolean {
  const anyone = ledger.settings.mode === "text";
  for (const id of ledger.people.keys()) if (anyone || ledger.ready.has(id)) return true;
  return false;
}

/** Speech without end (a fan, a radio) is taken for noise after `bounds.turnMs`. */
export function someoneSpeaks(ledger: Ledger): boolean {
  const noiseBefore = ledger.at - ledger.settings.bounds.turnMs;
  for (const { speakingSinceMs } of ledger.people.values())
    if (speakingSinceMs !== null && speakingSinceMs > noiseBefore) return true;
  return false;
}

export function someoneReviews(ledger: Ledger): boolean {
  for (const turn of ledger.committedTurns) if (turn.underReview) return true;
  return false;
}

export function turnOfReply(ledger: Ledger, reply: ReplyEntry): TurnEntry | null {
  return reply.cause.kind === "turn" ? (ledger.turns.get(reply.cause.turnId) ?? null) : null;
}

/** Its turn is committed with the text that it answers, and nobody reviews it any more. */
export function isApproved(ledger: Ledger, reply: ReplyEntry): boolean {
  if (reply.cause.kind !== "turn") return true;
  const turn = turnOfReply(ledger, reply);
  if (turn?.status !== "committed" || turn.underReview) return false;
  return reply.basis === null || reply.basis === turn.text;
}
