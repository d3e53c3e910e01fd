import type { FactOf } from "../../facts/index.ts";
import type { OpenTurn, TurnsState } from "../state.ts";
import { update } from "../state.ts";
import { isSpeaking } from "./segments.ts";

/** A turn detector has judged the pause after a stretch of speech. Speech that goes on has answered already. */
export function predicted(own: TurnsState, fact: FactOf<"turn-end-predicted">): TurnsState {
  const open = update(
    own.open,
    (turn) => turn.turnId === fact.turnId && !isSpeaking(turn) && fact.segment === turn.segments.length - 1,
    (turn): OpenTurn => ({
      ...turn,
      segments: turn.segments.map((part, index) =>
        index === fact.segment ? { ...part, endProbability: fact.probability } : part,
      ),
    }),
  );
  return open === own.open ? own : { ...own, open };
}
