import type { FactOf } from "../../facts/index.ts";
import { completenessOf } from "../../policies/endpointing/completeness.ts";
import type { OpenTurn, RuleState, TurnsState } from "../state.ts";
import { pausesOf, turnText } from "../views.ts";
import { isSpeaking, spokenTurn } from "./segments.ts";

/** Pauses that are remembered of one person, and people of whom any are. */
const KEPT = 12;
const PEOPLE = 16;
/** Whoever only draws breath has not paused. */
const LEAST_MS = 190;
/** Whoever speaks on within this after a turn that was taken to be over had only paused. */
const CUT_OFF_MS = 2_000;
/** ... unless so much of the answer was heard that this is a reaction to it. */
const REACTION_MS = 500;

/** Speech goes on in an open turn: the silence before it was a pause. */
export function pauseInTurn(own: TurnsState, fact: FactOf<"speech-started">, state: RuleState): TurnsState {
  const turn = spokenTurn(state, fact.participantId);
  if (!turn || isSpeaking(turn) || turn.segments.length === 0) return own;
  return remember(own, fact.participantId, fact.startMs - lastVoiceMs(turn), turnText(turn));
}

/** Speech goes on after a turn was committed too early: the silence between was a pause, too. */
export function pauseCutOff(own: TurnsState, fact: FactOf<"turn-opened">, state: RuleState): TurnsState {
  if (fact.via !== "speech") return own;
  const before = own.committed.findLast((turn) => turn.participantId === fact.participantId);
  // A typed message ends in the moment in which it is committed: nothing was paused.
  if (!before || before.endMs >= before.committedAt) return own;
  const { current } = state.playback;
  if (current?.audible && current.heardMs > REACTION_MS) return own;
  const pauseMs = fact.startMs - before.endMs;
  return pauseMs > CUT_OFF_MS ? own : remember(own, fact.participantId, pauseMs, before.text);
}

function remember(own: TurnsState, participantId: string, pauseMs: number, text: string): TurnsState {
  if (pauseMs < LEAST_MS) return own;
  const known = pausesOf(own, participantId);
  const entries = Object.entries(own.pauses).filter(([id]) => id !== participantId);
  const others = entries.slice(Math.max(0, entries.length - PEOPLE + 1));
  const seen = { ms: Math.round(pauseMs), stopped: completenessOf(text) === "stopped" };
  const kept = [...known, seen].slice(-KEPT);
  return { ...own, pauses: { ...Object.fromEntries(others), [participantId]: kept } };
}

function lastVoiceMs(turn: OpenTurn): number {
  return Math.max(...turn.segments.map((part) => part.endMs ?? part.startMs));
}
