import type { Fact } from "../../src/facts/index.ts";
import {
  type Ledger,
  must,
  type ReplyEntry,
  someoneListens,
  someoneReviews,
  someoneSpeaks,
  turnOfReply,
} from "./ledger.ts";

/** What must hold once a step has settled: called with the step's input when the next one comes. */
export function settled(ledger: Ledger, input: Fact): void {
  const { current } = ledger;
  for (const call of ledger.runningTools)
    must(
      ledger.replies.get(call.replyId)?.phase !== "over",
      "tool-ends-once",
      input,
      `${call.toolCallId} lost its reply`,
    );
  if (current) mouth(ledger, current, input);
  if (ledger.closing === "open") answered(ledger, input);
}

/** Nothing sounds for nobody, nothing is held back for nothing, nobody is talked down. */
function mouth(ledger: Ledger, current: ReplyEntry, input: Fact): void {
  const { phase, replyId } = current;
  const sounds = phase === "released" || phase === "playing" || phase === "ducked";
  const listens = someoneListens(ledger);
  if (sounds) must(listens, "heard-by-somebody", input, `${replyId} goes on while nobody listens`);
  const waits = someoneSpeaks(ledger) || (!current.sounded && someoneReviews(ledger));
  if (phase === "paused" && ledger.openTurns.size === 0 && listens)
    must(waits, "reply-ends-in-time", input, `${replyId} is paused for nothing`);
  if (input.type === "interrupt-requested") must(!sounds, "barge-in", input, `${replyId} goes on after interrupt`);
  if (!isInterruptible(ledger, current) || phase === "stopping") return;
  if (input.type === "speech-started" && ledger.people.has(input.participantId))
    must(phase !== "playing", "barge-in", input, `${replyId} is not ducked while ${input.participantId} speaks`);
  if (!current.sounded) return;
  const newest = [...ledger.committedTurns].at(-1);
  if (newest && newest.committedSeq > current.releasedSeq)
    must(turnOfReply(ledger, current) === newest, "barge-in", input, `${replyId} goes on over ${newest.turnId}`);
}

/** What people and operators do has its consequence at once. */
function answered(ledger: Ledger, input: Fact): void {
  switch (input.type) {
    case "speech-started":
      if (!ledger.people.has(input.participantId)) return;
      must(hasOpenTurn(ledger, input.participantId), "people-are-heard", input, "speech without a turn");
      return;
    case "text-received":
      if (!ledger.people.has(input.participantId) || input.text.trim() === "") return;
      must(ledger.lastCommittedText === input.text.trim(), "people-are-heard", input, "a message without a turn");
      return;
    case "call-recovered": {
      if (input.farewell) return;
      const cut = ledger.cutReply;
      const isTakenUp = cut === null || cut.stopped || cut.failed || ledger.resumed === cut.replyId;
      must(isTakenUp, "taken-up-again", input, `${cut?.replyId} is not taken up`);
      return;
    }
    case "close-requested":
      must(input.afterReply, "call-ends", input, "asked to end at once, and it goes on");
      return;
    default:
      for (const turn of ledger.openTurns)
        must(!turn.owesTranscript, "people-are-heard", input, `speech of ${turn.turnId} is not transcribed`);
  }
}

export function isInterruptible(ledger: Ledger, reply: ReplyEntry): boolean {
  return reply.interruptible && ledger.settings.interruption.policy !== "off";
}

function hasOpenTurn(ledger: Ledger, participantId: string): boolean {
  for (const turn of ledger.openTurns) if (turn.participantId === participantId && turn.via === "speech") return true;
  return false;
}
