import type { FactOf } from "../../facts/index.ts";
import type { CommittedTurn, OpenTurn, RuleState, TurnsState } from "../state.ts";
import { update } from "../state.ts";

export function committedTurn(fact: FactOf<"turn-committed">, turn: OpenTurn): CommittedTurn {
  const { turnId, participantId, text, understood, endMs } = fact;
  const unheard = turn.segments.length > 0 && text === "" && turn.segments.some((part) => part.status === "failed");
  const { overReplyId } = turn;
  const committedAt = fact.at;
  return { turnId, participantId, text, understood, overReplyId, endMs, committedAt, unheard, status: "ready" };
}

export function inCommitted(own: TurnsState, turnId: string, to: Partial<CommittedTurn>): TurnsState {
  const committed = update(
    own.committed,
    (turn) => turn.turnId === turnId,
    (turn) => ({ ...turn, ...to }),
  );
  return committed === own.committed ? own : { ...own, committed };
}

export function isInReview(state: RuleState, turnId: string): boolean {
  return state.turns.committed.some((turn) => turn.turnId === turnId && turn.status === "review");
}

export function countWasted(open: readonly OpenTurn[], replyId: string, state: RuleState): readonly OpenTurn[] {
  const cause = state.replies.active.find((reply) => reply.replyId === replyId)?.cause;
  if (cause?.kind !== "turn") return open;
  return update(
    open,
    (turn) => turn.turnId === cause.turnId,
    (turn) => ({ ...turn, wasted: turn.wasted + 1 }),
  );
}
