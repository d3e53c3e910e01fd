import type { Fact } from "../facts/index.ts";

/** Where the milliseconds of one turn went. All `…At` are call time in ms; null: it did not happen. */
export interface TurnTimeline {
  turnId: string;
  participantId: string;
  via: "speech" | "text";
  text: string;
  startAt: number;
  /** The last voiced sound. */
  speechEndAt: number;
  /** The transcript of the last stretch was there. */
  transcriptAt: number | null;
  /** The end of the turn was decided. */
  committedAt: number | null;
  replyId: string | null;
  /** The reply was prepared before the turn's end was decided. */
  speculative: boolean;
  requestedAt: number | null;
  firstTokenAt: number | null;
  firstAudioMadeAt: number | null;
  firstAudioSentAt: number | null;
  interruptedAt: number | null;
  heardMs: number;
  outcome: "open" | "replied" | "skipped" | "failed";
  /** Why it was skipped, or the stage that failed. */
  reason: string | null;
}

interface ReplyTimes {
  requestedAt: number;
  speculative: boolean;
  firstTokenAt: number | null;
  firstAudioMadeAt: number | null;
  firstAudioSentAt: number | null;
  interruptedAt: number | null;
  heardMs: number;
}

/** The waterfall of every turn, in the order in which the turns began. */
export function timelineOf(facts: Iterable<Fact>): TurnTimeline[] {
  const turns = new Map<string, TurnTimeline>();
  const replies = new Map<string, ReplyTimes>();
  const answers = new Map<string, string>();
  for (const fact of facts) {
    onTurn(turns, answers, fact);
    onReply(replies, answers, fact);
  }
  for (const [replyId, turnId] of answers) {
    const turn = turns.get(turnId);
    const times = replies.get(replyId);
    // Of several replies to a turn the one that was heard counts, else the last.
    if (turn && times && (turn.firstAudioSentAt === null || times.firstAudioSentAt !== null))
      Object.assign(turn, times, { replyId });
  }
  return [...turns.values()];
}

function onTurn(turns: Map<string, TurnTimeline>, answers: Map<string, string>, fact: Fact): void {
  switch (fact.type) {
    case "turn-opened":
      turns.set(fact.turnId, empty(fact.turnId, fact.participantId, fact.via, fact.startMs));
      break;
    case "transcript-final":
      change(turns, fact.turnId, { transcriptAt: fact.at });
      break;
    case "turn-committed":
      change(turns, fact.turnId, { committedAt: fact.at, speechEndAt: fact.endMs, text: fact.text });
      break;
    case "turn-replied":
      change(turns, fact.turnId, { outcome: "replied" });
      break;
    case "turn-skipped":
      change(turns, fact.turnId, { outcome: "skipped", reason: fact.reason });
      break;
    case "turn-failed":
      change(turns, fact.turnId, { outcome: "failed", reason: fact.stage });
      break;
    case "reply-requested":
      if (fact.cause.kind === "turn") answers.set(fact.replyId, fact.cause.turnId);
      break;
  }
}

function onReply(replies: Map<string, ReplyTimes>, answers: Map<string, string>, fact: Fact): void {
  if (!("replyId" in fact) || typeof fact.replyId !== "string") return;
  if (fact.type === "reply-requested" && answers.has(fact.replyId)) {
    replies.set(fact.replyId, {
      requestedAt: fact.at,
      speculative: fact.speculative,
      firstTokenAt: null,
      firstAudioMadeAt: null,
      firstAudioSentAt: null,
      interruptedAt: null,
      heardMs: 0,
    });
    return;
  }
  const times = replies.get(fact.replyId);
  if (!times) return;
  switch (fact.type) {
    case "reply-first-token":
      times.firstTokenAt ??= fact.at;
      break;
    case "speech-first-audio":
      times.firstAudioMadeAt ??= fact.at;
      break;
    case "playback-started":
      times.firstAudioSentAt ??= fact.at;
      break;
    case "reply-paused":
      if (times.firstAudioSentAt !== null) times.interruptedAt = fact.at;
      break;
    case "reply-resumed":
      times.interruptedAt = null;
      break;
    case "reply-stopped":
      times.interruptedAt ??= fact.at;
      break;
    case "reply-finished":
      times.heardMs = fact.heardMs;
      break;
  }
}

function change(turns: Map<string, TurnTimeline>, turnId: string, to: Partial<TurnTimeline>): void {
  const turn = turns.get(turnId);
  if (turn) Object.assign(turn, to);
}

function empty(turnId: string, participantId: string, via: "speech" | "text", startAt: number): TurnTimeline {
  return {
    turnId,
    participantId,
    via,
    text: "",
    startAt,
    speechEndAt: startAt,
    transcriptAt: null,
    committedAt: null,
    replyId: null,
    speculative: false,
    requestedAt: null,
    firstTokenAt: null,
    firstAudioMadeAt: null,
    firstAudioSentAt: null,
    interruptedAt: null,
    heardMs: 0,
    outcome: "open",
    reason: null,
  };
}
