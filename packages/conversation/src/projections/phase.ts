import type { RuleState } from "../rules/state.ts";
import { isApproved, unfinishedTools } from "../rules/views.ts";

/** What people call the state of a call. A view of the rules' state, never stored. */
export type Phase = "waiting" | "listening" | "thinking" | "speaking" | "away" | "closed";

export function phase(state: RuleState): Phase {
  const { current } = state.playback;
  if (state.closing.phase === "closed") return "closed";
  if (current?.audible && (current.phase === "playing" || current.phase === "ducked")) {
    const reply = state.replies.active.find((candidate) => candidate.replyId === current.replyId);
    // Everything it had is said and it waits for a tool or the model.
    if (current.drained && reply && (!reply.textEnded || unfinishedTools(state, reply.replyId).length > 0))
      return "thinking";
    return "speaking";
  }
  if (state.turns.open.length > 0) return "listening";
  if (state.turns.committed.length > 0 || state.replies.active.some((reply) => isApproved(state, reply)))
    return state.closing.everJoined ? "thinking" : "waiting";
  if (!state.closing.everJoined) return "waiting";
  return state.away.away ? "away" : "listening";
}
