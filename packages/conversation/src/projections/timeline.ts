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
  const timeline = followTimeline();
  for (const fact of facts) timeline.see(fact);
  return timeline.turns();
}

/** The same, while the call goes on: whoever follows it forgets what is over. */
export interface Timeline {
  see(fact: Fact): void;
  /** As far as is known of it; null: it is not known, or was forgotten. */
  turn(turnId: string): TurnTimeline | null;
  turns(): TurnTimeline[];
  /** The turn that this reply answers. */
  answeredBy(replyId: string): string | null;
  forget(turnId: string): void;
}

export function followTimeline(): Timeline {
  const turns = new Map<string, TurnTimeline>();
  const replies = new Map<string, ReplyTimes>();
  /** By reply, the turn that it answers; and the other way round. */
  const answers = new Map<string, string>();
  const answered = new Map<string, string[]>();

  function withReply(turn: TurnTimeline): TurnTimeline {
    const whole = { ...turn };
    for (const replyId of answered.get(turn.turnId) ?? []) {
      const times = replies.get(replyId);
      // Of several replies to a turn the one that was heard counts, else the last.
      if (times && (whole.firstAudioSentAt === null || times.firstAudioSentAt !== null))
        Object.assign(whole, times, { replyId });
    }
    return whole;
  }

  return {
    see(fact) {
      if (fact.type === "reply-requested" && fact.cause.kind === "turn") {
        const { turnId } = fact.cause;
        if (!answers.has(fact.replyId)) answered.set(turnId, [...(answered.get(turnId) ?? []), fact.replyId]);
        answers.set(fact.replyId, turnId);
      }
      onTurn(turns, fact);
      onReply(replies, answers, fact);
    },
    turn(turnId) {
      const turn = turns.get(turnId);
      return turn ? withReply(turn) : null;
    },
    turns: () => [...turns.values()].map(withReply),
    answeredBy: (replyId) => answers.get(replyId) ?? null,
    forget(turnId) {
      turns.delete(turnId);
      for (const replyId of answered.get(turnId) ?? []) {
        answers.delete(replyId);
        replies.delete(replyId);
      }
      answered.delete(turnId);
    },
  };
}

function onTurn(turns: Map<string, TurnTimeline>, fact: Fact): void {
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
