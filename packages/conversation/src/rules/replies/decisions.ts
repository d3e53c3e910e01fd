import type { Decision, FactOf, ReplyCause } from "../../facts/index.ts";
import type { Reply, RuleState } from "../state.ts";
import { isAudible, replyById } from "../views.ts";

export function request(
  state: RuleState,
  cause: ReplyCause,
  text: string | null,
  options: { basis?: string | null; interruptible?: boolean; sound?: string | undefined; nth?: number } = {},
): Decision {
  const { basis = null, interruptible = true, sound, nth = 1 } = options;
  const replyId = `r${state.replies.requested + nth}`;
  const given = sound === undefined ? {} : { sound };
  return { type: "reply-requested", replyId, cause, speculative: basis !== null, basis, text, interruptible, ...given };
}

/** Fixed words; where there are none (an author's empty phrase), or the agent is muted, nothing is said. */
export function say(
  state: RuleState,
  cause: ReplyCause,
  text: string | null,
  options: { interruptible?: boolean; sound?: string | undefined; nth?: number } = {},
): Decision[] {
  return text === null || text.trim() === "" || state.muted ? [] : [request(state, cause, text, options)];
}

export function discard(reply: Reply, reason: FactOf<"reply-discarded">["reason"]): Decision {
  const stage = reason === "failed" ? (reply.failed?.stage ?? "llm") : null;
  return { type: "reply-discarded", replyId: reply.replyId, turnId: turnOf(reply), reason, failed: stage };
}

/** Over, after it was released. */
export function end(state: RuleState, replyId: string): Decision {
  const heardMs = state.playback.current?.replyId === replyId ? state.playback.current.heardMs : 0;
  const reply = replyById(state, replyId);
  return {
    type: "reply-finished",
    replyId,
    turnId: reply ? turnOf(reply) : null,
    heardMs,
    failed: reply?.failed?.stage ?? null,
  };
}

function turnOf(reply: Reply): string | null {
  return reply.cause.kind === "turn" ? reply.cause.turnId : null;
}

export function forTurn(state: RuleState, turnId: string): Reply[] {
  return state.replies.active.filter(
    (reply) => reply.cause.kind === "turn" && reply.cause.turnId === turnId && !isAudible(state, reply),
  );
}
