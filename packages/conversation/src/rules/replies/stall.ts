import type { FactOf } from "../../facts/index.ts";
import type { RepliesState, Reply, RuleState } from "../state.ts";
import { isMade, unfinishedTools } from "../views.ts";
import { fail, set } from "./change.ts";

export function stallId(reply: Reply): string {
  return `reply:${reply.replyId}:${Math.round(reply.progressAt)}`;
}

/** Something is owed by a stage: text, sound, or playing on. */
export function isExpected(state: RuleState, reply: Reply): boolean {
  const { current } = state.playback;
  const phase = current?.replyId === reply.replyId ? current.phase : null;
  if (phase === "paused" || phase === "stopping") return false;
  if (unfinishedTools(state, reply.replyId).length > 0) return false;
  // It waits to be heard, with sound made ahead; more is made when that is played.
  if (phase === null && reply.sentences.some((sentence) => sentence.ms !== null)) return false;
  if (!reply.textEnded || !isMade(reply)) return true;
  return phase !== null;
}

/** A mouth that has something to play and does not is the first to blame: nothing else could be heard through it. */
function stalledStage(state: RuleState, reply: Reply): string {
  const { current } = state.playback;
  if (current?.replyId === reply.replyId && current.audible && !current.drained) return "playback";
  return reply.textEnded ? (isMade(reply) ? "playback" : "tts") : "llm";
}

export function stalled(own: RepliesState, fact: FactOf<"deadline-passed">, state: RuleState): RepliesState {
  const reply = state.replies.active.find((candidate) => stallId(candidate) === fact.deadline);
  if (!reply || !isExpected(state, reply)) return own;
  const stage = stalledStage(state, reply);
  const message = `no progress for ${state.settings.bounds.replyMs} ms`;
  const error = { code: "reply-stalled", category: "timeout", message, retryable: true };
  const failed = fail(own, reply.replyId, stage, error);
  // Also of one that had failed before and whose rest is played no further; the next look is as far away as this one.
  return set(failed, reply.replyId, () => ({ failed: { stage, error }, progressAt: fact.at }));
}
