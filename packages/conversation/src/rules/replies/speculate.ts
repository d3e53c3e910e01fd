import type { Decision, FactOf } from "../../facts/index.ts";
import { isBackChannel } from "../../policies/back-channel.ts";
import { maySpeculate } from "../../policies/speculation.ts";
import type { OpenTurn, RuleState } from "../state.ts";
import { isSettled, turnText } from "../views.ts";
import { discard, forTurn, request } from "./decisions.ts";

export function speculate(state: RuleState, fact: FactOf<"transcript-final">): readonly Decision[] {
  const { settings } = state;
  const turn = state.turns.open.find((candidate) => candidate.turnId === fact.turnId);
  if (!turn || state.muted || settings.mode !== "voice" || settings.reviewTurns || !isSettled(turn)) return [];
  const text = turnText(turn);
  if (
    !turn.segments.every((part) => part.understood) ||
    !maySpeculate({ wasted: turn.wasted, text }, settings.speculation)
  )
    return [];
  if (isOverReply(state, turn) && isBackChannel(text)) return [];
  // What was heard of a reply is known only once it is silent: history must not change under the new one.
  const { current } = state.playback;
  if (current && current.phase !== "paused") return [];
  const prepared = forTurn(state, turn.turnId);
  if (prepared.some((reply) => reply.basis === text)) return [];
  const again = turn.wasted + prepared.length < settings.speculation.maxPerTurn;
  return [
    ...prepared.map((reply) => discard(reply, "turn-went-on")),
    ...(again ? [request(state, { kind: "turn", turnId: turn.turnId }, null, { basis: text })] : []),
  ];
}

/** Its turn goes on: what was prepared answers less than will have been said. */
export function takeBack(state: RuleState, participantId: string): readonly Decision[] {
  return state.turns.open
    .filter((turn) => turn.participantId === participantId && turn.via === "speech")
    .flatMap((turn) => forTurn(state, turn.turnId))
    .map((reply) => discard(reply, "turn-went-on"));
}

function isOverReply(state: RuleState, turn: OpenTurn): boolean {
  return turn.overReplyId !== null && state.playback.current?.replyId === turn.overReplyId;
}
