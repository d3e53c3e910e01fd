import type { Decision, Fact } from "../../src/facts/index.ts";
import { away } from "../../src/rules/away.ts";
import { closing } from "../../src/rules/closing.ts";
import { type Concerns, composeRules } from "../../src/rules/compose.ts";
import { hearing } from "../../src/rules/hearing.ts";
import type { Rules } from "../../src/rules/index.ts";
import { playback } from "../../src/rules/playback.ts";
import { recording } from "../../src/rules/recording.ts";
import { replies } from "../../src/rules/replies/index.ts";
import type { Concern, RuleState } from "../../src/rules/state.ts";
import { tools } from "../../src/rules/tools.ts";
import { turns } from "../../src/rules/turns/index.ts";

/** The rules with one thing broken. */
export interface Mutant {
  name: string;
  /** What goes wrong, in the words of somebody who would notice. */
  breaks: string;
  /** Fresh ones for every search: a mutant may keep secrets from the log. */
  rules(): Rules;
}

const real: Concerns = { hearing, recording, turns, tools, replies, playback, away, closing };

/** The real rules with one concern changed. */
export function mutant<Name extends keyof Concerns>(
  name: string,
  breaks: string,
  concern: Name,
  change: (real: Concerns[Name]) => Partial<Concerns[Name]>,
): Mutant {
  return {
    name,
    breaks,
    rules: () => composeRules({ ...real, [concern]: { ...real[concern], ...change(real[concern]) } }),
  };
}

export function wrapped(name: string, breaks: string, change: (rules: Rules) => Rules): Mutant {
  return { name, breaks, rules: () => change(composeRules(real)) };
}

/** Decisions that match are not taken. */
export function not<S>(matches: (decision: Decision, fact: Fact, state: RuleState) => boolean) {
  return (concern: Concern<S>): Partial<Concern<S>> => ({
    decide: (state, fact) =>
      (concern.decide?.(state, fact) ?? []).filter((decision) => !matches(decision, fact, state)),
  });
}

/** Deadlines whose id begins so are not waited for. */
export function noDeadline<S>(prefix: string) {
  return (concern: Concern<S>): Partial<Concern<S>> => ({
    deadlines: (state) => (concern.deadlines?.(state) ?? []).filter((deadline) => !deadline.id.startsWith(prefix)),
  });
}

/** The concern decides, and waits, on a state that is not the true one. */
export function deceived<S>(lie: (state: RuleState) => RuleState) {
  return (concern: Concern<S>): Partial<Concern<S>> => ({
    decide: (state, fact) => concern.decide?.(lie(state), fact) ?? [],
    deadlines: (state) => concern.deadlines?.(lie(state)) ?? [],
  });
}

/** The concern takes a fact for another, or does not take it in at all. */
export function evolving<S>(change: (own: S, fact: Fact, next: S, state: RuleState) => S) {
  return (concern: Concern<S>): Partial<Concern<S>> => ({
    evolve: (own, fact, state) => change(own, fact, concern.evolve(own, fact, state), state),
  });
}

/** Everybody who is known is taken to be like this. */
export function everybody(state: RuleState, is: Partial<RuleState["hearing"]["people"][string]>): RuleState {
  const people = Object.fromEntries(
    Object.entries(state.hearing.people).map(([id, person]) => [id, { ...person, ...is }]),
  );
  return { ...state, hearing: { ...state.hearing, people } };
}
