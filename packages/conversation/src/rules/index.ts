import type { Decision, Fact, InputBody } from "../facts/index.ts";
import { FACT_VERSION, isEphemeral } from "../facts/index.ts";
import { settingsSchema } from "../settings.ts";
import { away } from "./away.ts";
import { closing } from "./closing.ts";
import { hearing } from "./hearing.ts";
import { playback } from "./playback.ts";
import { replies } from "./replies.ts";
import type { Concern, Deadline, RuleState } from "./state.ts";
import { tools } from "./tools.ts";
import { turns } from "./turns.ts";

/** In this order, always: each sees what those before it decided on the same fact. */
const concerns = [
  ["hearing", hearing],
  ["turns", turns],
  ["tools", tools],
  ["replies", replies],
  ["playback", playback],
  ["away", away],
  ["closing", closing],
] as const;

/** More decisions than this on one fact mean that two rules answer each other for ever. */
const MOST_DECISIONS = 500;

const defaults = settingsSchema.parse({});

/** The rules before the first fact. */
export function initialState(callId: string, epoch = 1): RuleState {
  return {
    callId,
    epoch,
    seq: 0,
    at: 0,
    settings: defaults,
    language: "en",
    hearing: hearing.initial,
    turns: turns.initial,
    tools: tools.initial,
    replies: replies.initial,
    playback: playback.initial,
    away: away.initial,
    closing: closing.initial,
  };
}

/** How a fact changes the state. Pure; ephemeral facts change nothing. */
export function evolve(state: RuleState, fact: Fact): RuleState {
  if (fact.seq === 0) return state;
  const next = { ...state, epoch: fact.epoch, seq: fact.seq, at: Math.max(state.at, fact.at) };
  if (fact.type === "call-started") {
    next.settings = fact.settings;
    next.language = fact.language;
  }
  for (const [name, concern] of concerns) {
    const own = (concern as Concern<unknown>).evolve(state[name], fact, state);
    if (own !== state[name]) (next as Record<string, unknown>)[name] = own;
  }
  return next;
}

/** What the rules decide on `fact`, given the state after it: one round, not yet to the fixed point. */
export function decide(state: RuleState, fact: Fact): readonly Decision[] {
  return concerns.flatMap(([, concern]) => concern.decide?.(state, fact) ?? []);
}

export interface Step {
  state: RuleState;
  /** What to append, in order: the input (unless it is ephemeral and nothing follows), then the decisions. */
  facts: readonly Fact[];
}

/**
 * One input, run to the fixed point: every decision is a fact that the rules see in turn.
 * After `call-closed` nothing happens any more: `facts` is empty.
 * @param at call time in ms; never earlier than the fact before
 */
export function step(state: RuleState, input: InputBody, at: number): Step {
  if (state.closing.phase === "closed") return { state, facts: [] };
  const time = Math.max(at, state.at);
  const stamp = (body: InputBody | Decision, seq: number): Fact =>
    ({ callId: state.callId, epoch: state.epoch, seq, at: time, version: FACT_VERSION, ...body }) as Fact;

  if (isEphemeral(input) && settle(state, stamp(input, 0), stamp).facts.length === 0) return { state, facts: [] };
  const first = stamp(input, state.seq + 1);
  const { state: next, facts } = settle(evolve(state, first), first, stamp);
  return { state: next, facts: [first, ...facts] };
}

/**
 * Decides on `first` and on every decision that follows from it. Depth first: what follows from a decision is
 * settled before the next concern looks at the fact it came from, so nobody acts on a half-told state.
 */
export function settle(
  start: RuleState,
  first: Fact,
  stamp: (body: Decision, seq: number) => Fact,
): { state: RuleState; facts: Fact[] } {
  let state = start;
  const facts: Fact[] = [];
  const react = (fact: Fact): void => {
    for (const [, concern] of concerns)
      for (const decision of concern.decide?.(state, fact) ?? []) {
        if (facts.length >= MOST_DECISIONS)
          throw new Error(`The rules do not settle on ${first.type}: ${decision.type}`);
        const decided = stamp(decision, state.seq + 1);
        state = evolve(state, decided);
        facts.push(decided);
        react(decided);
      }
  };
  react(first);
  return { state, facts };
}

/** Moments that the rules wait for; the engine answers each with `deadline-passed`. */
export function deadlines(state: RuleState): readonly Deadline[] {
  if (state.closing.phase === "closed") return [];
  return concerns.flatMap(([, concern]) => concern.deadlines?.(state) ?? []);
}

export type { Deadline, Playing, Reply, RuleState, ToolCall } from "./state.ts";
