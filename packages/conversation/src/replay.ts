import { type Fact, type InputBody, isDecision } from "./facts/index.ts";
import { callRules, type RuleState, type Rules } from "./rules/index.ts";

/** Where today's rules decide otherwise than the log says. */
export interface Difference {
  /** seq of the input fact they decided on. */
  seq: number;
  input: string;
  recorded: readonly string[];
  decided: readonly string[];
}

export interface Replay {
  facts: number;
  inputs: number;
  differences: readonly Difference[];
}

/** Evolves and decides a recorded call again: its inputs go in, its decisions are compared. */
export function replayFacts(facts: readonly Fact[], rules: Rules = callRules): Replay {
  const { evolve, initialState, step } = rules;
  const differences: Difference[] = [];
  let state = initialState(facts[0]?.callId ?? "", facts[0]?.epoch ?? 1);
  let inputs = 0;
  for (let index = 0; index < facts.length; ) {
    const input = facts[index] as Fact;
    const recorded: Fact[] = [];
    for (index++; index < facts.length && isDecision(facts[index] as Fact); index++)
      recorded.push(facts[index] as Fact);
    inputs++;
    state = { ...state, epoch: input.epoch };
    const decided = step(state, bodyOf(input), input.at).facts.slice(1);
    const before = recorded.map(canonical);
    const now = decided.map(canonical);
    if (before.length !== now.length || before.some((text, i) => text !== now[i]))
      differences.push({ seq: input.seq, input: input.type, recorded: before, decided: now });
    // What was recorded is what happened: go on from there.
    for (const fact of [input, ...recorded]) state = evolve(state, fact);
  }
  return { facts: facts.length, inputs, differences };
}

/**
 * The state of a call that another process takes over: its log evolved without repeating an effect.
 * When the log was cut inside a step, the missing decisions of that step are made again and returned as `missing`:
 * append and carry them out before anything else.
 */
export function recoverState(
  facts: readonly Fact[],
  rules: Rules = callRules,
): { state: RuleState; missing: readonly Fact[] } {
  const { evolve, initialState, settle } = rules;
  let lastInput = facts.length - 1;
  while (lastInput > 0 && isDecision(facts[lastInput] as Fact)) lastInput--;
  let state = initialState(facts[0]?.callId ?? "", facts[0]?.epoch ?? 1);
  for (const fact of facts.slice(0, lastInput + 1)) state = evolve(state, fact);
  const input = facts[lastInput];
  if (!input) return { state, missing: [] };
  const there = facts.slice(lastInput + 1);
  const again = settle(state, input, (body, seq) => {
    const { callId, epoch, version, at } = input;
    return { callId, epoch, seq, at: Math.max(at, state.at), version, ...body } as Fact;
  });
  return { state: again.state, missing: again.facts.slice(there.length) };
}

function bodyOf(fact: Fact): InputBody {
  const { callId: _callId, epoch: _epoch, seq: _seq, version: _version, at: _at, ...body } = fact;
  return body as InputBody;
}

/** Text that is equal when two decisions are, whatever the order of their fields. */
function canonical(fact: Fact): string {
  const body = bodyOf(fact) as Record<string, unknown>;
  return JSON.stringify(Object.fromEntries(Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1))));
}
