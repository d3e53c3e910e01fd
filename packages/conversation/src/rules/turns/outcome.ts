import type { Decision, FactOf } from "../../facts/index.ts";
import { isBackChannel } from "../../policies/back-channel.ts";
import type { RuleState } from "../state.ts";
import { remainingMs } from "../views.ts";
import { commit } from "./endpoint.ts";

/** What a committed turn leads to: nothing to say, a review, or (by the rules of replies) an answer. */
export function outcome(state: RuleState, turnId: string): Decision[] {
  const turn = state.turns.committed.find((candidate) => candidate.turnId === turnId);
  if (!turn) return [];
  const skip = (reason: FactOf<"turn-skipped">["reason"]): Decision[] => [{ type: "turn-skipped", turnId, reason }];
  if (state.closing.phase === "closing" || state.closing.farewell !== null) return skip("call-ended");
  const { answer, now } = state.recording;
  if (now === "asking" && answer?.turnId === turnId && answer.meaning !== null) return skip("consent");
  if (state.muted) return skip("muted");
  if (state.settings.mode !== "realtime" || turn.text !== "") {
    if (turn.unheard) return [{ type: "turn-failed", turnId, stage: "stt" }, ...supersede(state, turnId)];
    const overReply = state.playback.current?.replyId === turn.overReplyId ? turn.overReplyId : null;
    // An author with no words for what was not understood passes over it.
    const isPassedOver = turn.understood || overReply !== null || state.settings.phrases.notUnderstood.trim() === "";
    if (turn.text === "" && isPassedOver) return skip("no-words");
    if (
      overReply !== null &&
      isBackChannel(turn.text) &&
      remainingMs(state, overReply) > state.settings.interruption.tailMs
    )
      return skip("back-channel");
  }
  // Whether it is to be answered at all, and earlier turns with it, is the author's to say.
  return state.settings.reviewTurns ? [{ type: "turn-review-requested", turnId }] : supersede(state, turnId);
}

/** Earlier turns that nobody has heard an answer to yet are answered together with this one. */
export function supersede(state: RuleState, turnId: string): Decision[] {
  const { current } = state.playback;
  const audible = state.replies.active.find((reply) => reply.replyId === current?.replyId && current.audible);
  const { committed } = state.turns;
  const nth = committed.findIndex((turn) => turn.turnId === turnId);
  return committed
    .slice(0, Math.max(0, nth))
    .filter((turn) => !(audible?.cause.kind === "turn" && audible.cause.turnId === turn.turnId))
    .map((turn) => ({ type: "turn-skipped", turnId: turn.turnId, reason: "superseded" }));
}

/** The author did not answer in time: it is to be answered. */
export function reviewOver(state: RuleState, deadline: string): Decision[] {
  return deadline.startsWith("review:") ? supersede(state, deadline.slice("review:".length)) : [];
}

/** How its reply ended is how the turn ends; a reply that was only set aside leaves it to be answered. */
export function answered(state: RuleState, fact: FactOf<"reply-finished"> | FactOf<"reply-discarded">): Decision[] {
  const { turnId, failed, replyId } = fact;
  if (turnId === null || !state.turns.committed.some((turn) => turn.turnId === turnId)) return [];
  if (failed !== null) return [{ type: "turn-failed", turnId, stage: failed }];
  return fact.type === "reply-finished" ? [{ type: "turn-replied", turnId, replyId }] : [];
}

/** Nothing more is answered; what is being heard was an answer. */
export function leftUnanswered(state: RuleState, reason: "call-ended" | "muted" = "call-ended"): Decision[] {
  const { current } = state.playback;
  const audible = state.replies.active.find((reply) => reply.replyId === current?.replyId && current.audible);
  return state.turns.committed
    .filter((turn) => !(audible?.cause.kind === "turn" && audible.cause.turnId === turn.turnId))
    .map(({ turnId }) => ({ type: "turn-skipped", turnId, reason }));
}

/** Words that were said are kept, even when nobody answers them any more. */
export function callEnded(state: RuleState): Decision[] {
  return [...state.turns.open.map((turn) => commit(turn, state)), ...leftUnanswered(state)];
}
