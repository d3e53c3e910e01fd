import { type Fact, type FactOf, type FactType, replayFacts } from "@parley/conversation";
import { expect } from "vitest";

/** The facts of one type, in order. */
export function ofType<T extends FactType>(facts: readonly Fact[], type: T): FactOf<T>[] {
  return facts.filter((fact): fact is FactOf<T> => fact.type === type);
}

/** The log of a call that is over: whole, in order, and today's rules decide on it as they did then. */
export function expectWholeLog(facts: readonly Fact[], callId: string): void {
  expect(facts.every((fact) => fact.callId === callId && fact.epoch === 1)).toBe(true);
  expect(facts.map(({ seq }) => seq)).toEqual(facts.map((_, index) => index + 1));
  expect(facts[0]?.type).toBe("call-started");
  expect(facts.at(-1)?.type).toBe("call-closed");
  expect(replayFacts(facts).differences).toEqual([]);
}
