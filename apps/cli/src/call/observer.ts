import { evolve, type Fact, initialState, type Phase, phase, type RuleState, timelineOf } from "@parley/conversation";

/** Follows a call by its facts: what phase it is in, and whether anything is still owed to the caller. */
export interface Observer {
  saw(fact: Fact): void;
  readonly facts: readonly Fact[];
  readonly phase: Phase;
  /** Turns that were begun so far. */
  readonly turns: number;
  /** A turn has not ended, or the agent has something to say. */
  readonly busy: boolean;
}

export function observeCall(callId: string, epoch: number): Observer {
  const facts: Fact[] = [];
  let state: RuleState = initialState(callId, epoch);
  let turns = 0;
  return {
    saw(fact) {
      facts.push(fact);
      state = evolve(state, fact);
      if (fact.type === "turn-opened") turns++;
    },
    facts,
    get phase() {
      return phase(state);
    },
    get turns() {
      return turns;
    },
    get busy() {
      const now = phase(state);
      return now === "thinking" || now === "speaking" || timelineOf(facts).some((turn) => turn.outcome === "open");
    },
  };
}
