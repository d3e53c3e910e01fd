import type { Decision } from "../../facts/index.ts";
import { endpointingDelayMs } from "../../policies/endpointing/index.ts";
import type { OpenTurn, RuleState } from "../state.ts";
import { isSettled, pausesOf, turnText } from "../views.ts";
import { isOver, isSpeaking } from "./segments.ts";

/** Its version: a deadline set for an earlier state of the turn says nothing about this one. */
export function endpointId(turn: OpenTurn): string {
  const { segments } = turn;
  const takes = segments.reduce((sum, part) => sum + part.takes, 0);
  const judged = segments.at(-1)?.endProbability === undefined ? "" : ".judged";
  return `endpoint:${turn.turnId}:${segments.length}.${segments.filter(isOver).length}.${takes}${judged}`;
}

export function endpointDue(turn: OpenTurn, state: RuleState): number | null {
  if (turn.via === "text" || isSpeaking(turn)) return null;
  if (turn.whole && state.settings.mode !== "realtime") return state.at;
  const person = state.hearing.people[turn.participantId];
  const silentSince = Math.max(...turn.segments.map((part) => part.endMs ?? part.startMs));
  // Network gone: what is missing is not silence. It waits for the network, or for the grace time's end.
  const isLost = person?.present && person.network === "lost";
  const leastMs = isLost ? state.settings.closing.graceMs : 0;
  // A speech-to-speech model ends the turn itself; this is only the bound.
  if (state.settings.mode === "realtime") return silentSince + Math.max(leastMs, state.settings.bounds.transcriptMs);
  const pause = {
    text: turnText(turn),
    language: state.language,
    pauses: pausesOf(state.turns, turn.participantId),
    endProbability: turn.segments.at(-1)?.endProbability ?? null,
  };
  const delayMs = endpointingDelayMs(pause, state.settings.endpointing);
  return silentSince + Math.max(leastMs, delayMs);
}

export function commitDue(state: RuleState, deadline: string | null): Decision[] {
  return state.turns.open
    .filter((turn) => {
      if (state.settings.mode === "realtime") return deadline === endpointId(turn);
      const due = endpointDue(turn, state);
      if (due === null || !isSettled(turn)) return false;
      return state.at >= due || deadline === endpointId(turn);
    })
    .map((turn) => commit(turn, state));
}

export function commit(turn: OpenTurn, state: RuleState): Decision {
  const understood = turn.segments.every((part) => part.status !== "final" || part.understood);
  const endMs = Math.max(turn.startMs, ...turn.segments.map((part) => part.endMs ?? state.at));
  const { turnId, participantId } = turn;
  return { type: "turn-committed", turnId, participantId, text: turnText(turn), understood, endMs };
}
