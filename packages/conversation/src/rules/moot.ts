import type { Decision } from "../facts/index.ts";
import type { RuleState } from "./state.ts";

/**
 * A concern decides a list on one fact; what follows from its first decisions may settle what the later ones are
 * about. Such a decision is dropped: nothing ends twice, nothing that is over is acted on.
 */
export function isMoot(state: RuleState, decision: Decision): boolean {
  const { turns, replies, playback, tools, closing } = state;
  if (closing.phase === "closed") return true;
  switch (decision.type) {
    case "turn-committed":
      return !turns.open.some((turn) => turn.turnId === decision.turnId);
    case "turn-review-requested":
    case "turn-replied":
    case "turn-skipped":
    case "turn-failed":
      return !turns.committed.some((turn) => turn.turnId === decision.turnId);
    case "reply-requested": {
      if (closing.phase === "closing") return true;
      const turnId = decision.cause.kind === "turn" ? decision.cause.turnId : null;
      return turnId !== null && ![...turns.open, ...turns.committed].some((turn) => turn.turnId === turnId);
    }
    case "reply-continued":
    case "reply-finished":
    case "reply-discarded":
      return !replies.active.some((reply) => reply.replyId === decision.replyId);
    case "reply-released":
      return playback.current !== null || !replies.active.some((reply) => reply.replyId === decision.replyId);
    case "reply-ducked":
    case "reply-paused":
    case "reply-resumed":
    case "reply-stopped":
      return playback.current?.replyId !== decision.replyId || playback.current.phase === "stopping";
    case "exit-requested":
      return closing.exitSince !== null;
    case "tool-cancelled":
      return !tools.calls.some((call) => call.toolCallId === decision.toolCallId && call.status !== "done");
    default:
      return false;
  }
}
