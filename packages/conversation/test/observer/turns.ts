import type { Fact, FactOf } from "../../src/facts/index.ts";
import { type Ledger, must, type TurnEntry } from "./ledger.ts";

/** Opened, committed once, ended once; only people who are there have turns. */
export function turns(ledger: Ledger, fact: Fact): void {
  switch (fact.type) {
    case "turn-opened": {
      const { turnId, participantId, via } = fact;
      must(!ledger.turns.has(turnId), "turn-ends-once", fact, `${turnId} is opened twice`);
      must(ledger.people.has(participantId), "only-people-are-heard", fact, `${participantId} is not a person here`);
      must(ledger.closing === "open", "closing-is-quiet", fact, "a turn is opened while the call closes");
      if (via === "speech")
        for (const open of ledger.openTurns)
          must(
            open.participantId !== participantId || open.via !== "speech",
            "turn-ends-once",
            fact,
            `${participantId} has two open turns`,
          );
      const entry = opened(fact);
      ledger.turns.set(turnId, entry);
      ledger.openTurns.add(entry);
      return;
    }
    case "transcript-requested": {
      const turn = known(ledger, fact, "open");
      must(!turn.requestedSegments.has(fact.segment), "no-storm", fact, `segment ${fact.segment} is requested twice`);
      turn.requestedSegments.set(fact.segment, fact.at);
      turn.owesTranscript = false;
      turn.isSpeaking = false;
      turn.waitFrom = fact.at;
      return;
    }
    case "turn-committed": {
      const turn = known(ledger, fact, "open");
      must(
        turn.via === "text" || fact.text === textOf(ledger, turn, fact.text),
        "turn-says-what-was-said",
        fact,
        `not "${textOf(ledger, turn, fact.text)}"`,
      );
      turn.status = "committed";
      turn.committedSeq = fact.seq;
      ledger.lastCommittedText = fact.text;
      turn.text = fact.text;
      turn.remembered = fact.text;
      turn.waitFrom = fact.at;
      ledger.openTurns.delete(turn);
      ledger.committedTurns.add(turn);
      ledger.story.push(turn);
      return;
    }
    case "turn-review-requested":
      Object.assign(known(ledger, fact, "committed"), { underReview: true, reviewAskedAt: fact.at });
      return;
    case "turn-reviewed": {
      const turn = ledger.turns.get(fact.turnId);
      if (!turn) return;
      if (turn.underReview) turn.reviewed = true;
      turn.underReview = false;
      turn.waitFrom = fact.at;
      if (fact.text === undefined) return;
      // However late: it may be that something must not be remembered.
      if (turn.remembered !== "" || (ledger.settings.mode === "realtime" && turn.status !== "open"))
        turn.remembered = fact.text;
      if (turn.status === "committed") turn.text = fact.text;
      return;
    }
    case "deadline-passed": {
      const [kind, turnId = "", segment, takes] = fact.deadline.split(":");
      const turn = ledger.turns.get(turnId);
      if (!turn) return;
      if (kind === "review" && turn.underReview) {
        turn.underReview = false;
        turn.reviewed = true;
      }
      if (kind === "transcript" && turn.status === "open")
        settleSegment(turn, { segment: Number(segment), take: Number(takes) }, null);
      return;
    }
    case "call-recovered":
      for (const turn of ledger.openTurns) {
        turn.isCut = true;
        turn.isSpeaking = false;
        turn.owesTranscript = false;
      }
      return;
    case "turn-replied": {
      const turn = ended(ledger, fact);
      const reply = ledger.replies.get(fact.replyId);
      const answers = reply?.cause.kind === "turn" && reply.cause.turnId === turn.turnId;
      must(answers && reply.phase === "over", "turn-ends-once", fact, `${fact.replyId} is no finished answer to it`);
      return;
    }
    case "turn-skipped":
      skipped(ledger, fact);
      for (const reply of ledger.activeReplies)
        if (reply.sounded && reply.cause.kind === "turn")
          must(reply.cause.turnId !== fact.turnId, "turn-ends-once", fact, `${reply.replyId} sounds as its answer`);
      return;
    case "turn-failed":
      ended(ledger, fact);
      if (fact.stage === "stt") ledger.unheardSeq = fact.seq;
      return;
    case "transcript-final":
    case "transcript-failed":
    case "transcript-interim": {
      const turn = ledger.turns.get(fact.turnId);
      if (!turn) return;
      if (turn.status === "open") {
        turn.waitFrom = fact.at;
        if (fact.type === "transcript-final") settleSegment(turn, fact, fact.text.trim());
        if (fact.type === "transcript-failed") settleSegment(turn, fact, null);
      } else if (fact.type === "transcript-final" && ledger.settings.mode === "realtime" && turn.remembered === "")
        turn.remembered = fact.text;
      return;
    }
    case "speech-started":
    case "speech-ended":
    case "participant-left":
      if (fact.type !== "speech-started") ledger.lastVoiceMs = fact.at;
      for (const turn of ledger.openTurns) {
        if (turn.participantId !== fact.participantId || turn.via !== "speech") continue;
        turn.waitFrom = fact.at;
        if (fact.type === "speech-started") speaks(turn, fact);
        else if (turn.isSpeaking) {
          turn.isSpeaking = false;
          turn.owesTranscript = ledger.settings.mode !== "realtime";
        }
      }
      return;
  }
}

function opened(fact: Extract<Fact, { type: "turn-opened" }>): TurnEntry {
  const { turnId, participantId, via, at } = fact;
  return {
    kind: "turn",
    turnId,
    participantId,
    via,
    status: "open",
    underReview: false,
    reviewed: false,
    reviewAskedAt: 0,
    committedSeq: 0,
    finals: [],
    takes: [0],
    isCut: false,
    owesTranscript: false,
    isSpeaking: via === "speech",
    speculations: 0,
    text: "",
    remembered: "",
    skipped: null,
    supersedes: false,
    requestedSegments: new Map(),
    waitFrom: at,
  };
}

/** Another stretch, or the last one goes on and is transcribed anew. */
function speaks(turn: TurnEntry, { resumesMs }: FactOf<"speech-started">): void {
  if (turn.isSpeaking) return;
  turn.isSpeaking = true;
  const last = turn.takes.length - 1;
  if (resumesMs === undefined) turn.takes.push(0);
  else {
    turn.takes[last]!++;
    turn.finals[last] = undefined;
    turn.requestedSegments.delete(last);
  }
}

/** The first word on a segment counts, unless it was asked for before the segment went on. */
function settleSegment(
  turn: TurnEntry,
  { segment, take = 0 }: { segment: number; take?: number | undefined },
  text: string | null,
): void {
  if (take === (turn.takes[segment] ?? 0) && turn.finals[segment] === undefined) turn.finals[segment] = text;
}

function textOf(ledger: Ledger, turn: TurnEntry, said: string): string {
  if (turn.isCut || ledger.settings.mode === "realtime") return said;
  return turn.finals.filter((text) => typeof text === "string" && text !== "").join(" ");
}

function skipped(ledger: Ledger, fact: FactOf<"turn-skipped">): void {
  const turn = ended(ledger, fact);
  turn.skipped = fact.reason;
  if (fact.reason === "superseded") {
    const newest = [...ledger.committedTurns].findLast((other) => !other.underReview);
    // A turn that could not be heard asks for everything again.
    const byUnheard = ledger.unheardSeq > (ledger.lastInput?.seq ?? 0);
    must(newest !== undefined || byUnheard, "turn-ends-once", fact, "superseded by nothing");
    if (newest && !byUnheard) newest.supersedes = true;
  } else if (fact.reason !== "call-ended" && fact.reason !== "muted")
    must(!turn.supersedes, "turn-ends-once", fact, "turns that it superseded are never answered");
}

function known(ledger: Ledger, fact: Fact & { turnId: string }, status: TurnEntry["status"]): TurnEntry {
  const turn = ledger.turns.get(fact.turnId);
  must(
    turn?.status === status,
    "turn-ends-once",
    fact,
    `${fact.turnId} is ${turn?.status ?? "unknown"}, not ${status}`,
  );
  return turn;
}

function ended(ledger: Ledger, fact: Fact & { turnId: string }): TurnEntry {
  const turn = known(ledger, fact, "committed");
  turn.status = "ended";
  ledger.committedTurns.delete(turn);
  return turn;
}
