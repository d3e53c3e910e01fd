import type { Fact } from "../../src/facts/index.ts";
import { Violation } from "../violation.ts";
import { type Ledger, must, someoneListens, someoneReviews, turnOfReply } from "./ledger.ts";

/** How late a deadline may be answered in the model, ms. */
export const LATE_MS = 700;
/** The mouth's answer to a stop is waited for this long, ms. */
export const STOP_MS = 2_000;

/**
 * Bounds are counted from the last thing that moved, and only while nothing outside stands in the way: nobody listens,
 * somebody has the floor, another reply is in the mouth. Called with the ledger as it was before `fact`.
 */
export function inTime(ledger: Ledger, fact: Fact): void {
  const { settings, committedTurns, activeReplies, openTurns, current } = ledger;
  waits(ledger, fact);
  // While there is no process nothing can move.
  if (committedTurns.size + activeReplies.size + openTurns.size === 0 || fact.type === "call-recovered") return;
  const { at } = fact;
  const { bounds, closing, endpointing } = settings;
  const freeToSpeak = openTurns.size === 0 && someoneListens(ledger) && !someoneReviews(ledger);
  const replyBoundMs = Math.max(bounds.reviewMs, bounds.replyMs, bounds.toolMs) + STOP_MS + LATE_MS;
  for (const turn of committedTurns) {
    if (!freeToSpeak || (current && turnOfReply(ledger, current) !== turn)) turn.waitFrom = at;
    else if (at - turn.waitFrom > replyBoundMs) late("turn-ends-in-time", turn.turnId, at - turn.waitFrom, fact);
  }
  for (const reply of activeReplies) {
    if (!freeToSpeak || (current && current !== reply)) reply.waitFrom = at;
    else if (at - reply.waitFrom > replyBoundMs) late("reply-ends-in-time", reply.replyId, at - reply.waitFrom, fact);
  }
  const openBoundMs =
    bounds.turnMs + Math.max(bounds.transcriptMs, endpointing.minMs, endpointing.maxMs, closing.graceMs) + 2 * LATE_MS;
  for (const turn of openTurns)
    if (at - turn.waitFrom > openBoundMs) late("turn-ends-in-time", turn.turnId, at - turn.waitFrom, fact);
}

/** What is asked of a stage or an author is waited for so long, whatever else goes on. */
function waits(ledger: Ledger, fact: Fact): void {
  // A new process starts with what it finds, a moment later.
  if (fact.type === "call-recovered" || ledger.lastInput?.type === "call-recovered") return;
  const from = (since: number) => fact.at - Math.max(since, ledger.recoveredAt) - LATE_MS;
  const { bounds } = ledger.settings;
  for (const { toolCallId, startedAt } of ledger.runningTools)
    must(from(startedAt) <= bounds.toolMs, "tool-ends-once", fact, `${toolCallId} runs for longer than it may`);
  for (const { turnId, underReview, reviewAskedAt } of ledger.committedTurns)
    if (underReview)
      must(from(reviewAskedAt) <= bounds.reviewMs, "turn-ends-in-time", fact, `${turnId} is reviewed for too long`);
  for (const { turnId, requestedSegments, finals, isCut } of ledger.openTurns)
    for (const [segment, askedAt] of requestedSegments)
      if (finals[segment] === undefined && !isCut)
        must(from(askedAt) <= bounds.transcriptMs, "turn-ends-in-time", fact, `${turnId} waits for its words too long`);
  if (ledger.current?.phase === "stopping")
    must(from(ledger.current.phaseSince) <= STOP_MS, "reply-ends-in-time", fact, "a stop is waited for too long");
}

/** Whatever belongs to a turn or a reply moves it. Called after the ledger has seen `fact`. */
export function moved(ledger: Ledger, fact: Fact): void {
  const replyId =
    "replyId" in fact ? fact.replyId : "toolCallId" in fact ? ledger.tools.get(fact.toolCallId)?.replyId : undefined;
  const reply = replyId === undefined ? undefined : ledger.replies.get(replyId);
  if (reply) {
    reply.waitFrom = fact.at;
    const turn = turnOfReply(ledger, reply);
    if (turn) turn.waitFrom = fact.at;
  }
  if (fact.type === "call-recovered") {
    for (const turn of ledger.turns.values()) turn.waitFrom = fact.at;
    for (const other of ledger.activeReplies) other.waitFrom = fact.at;
  }
}

function late(invariant: "turn-ends-in-time" | "reply-ends-in-time", id: string, ms: number, fact: Fact): never {
  throw new Violation(invariant, `nothing has moved ${id} for ${Math.round(ms)} ms (seq ${fact.seq}, ${fact.type})`);
}
