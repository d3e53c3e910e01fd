import type { CallerPlan } from "./caller/plan.ts";

export interface Scenario {
  name: string;
  /** Callers in all. */
  callers: number;
  /** Processes they are spread over: one each in a burst, so that they don't queue behind each other. */
  processes: number;
  plan: Pick<CallerPlan, "mode" | "turns" | "seconds" | "staggerMs" | "holdMs">;
}

export const DEFAULT_SCENARIOS = ["join1", "turns1x10", "barge1x5", "steady5", "steady10", "steady20", "burst10"];

const STEADY_SECONDS = 45;

/** join1 · burstN · turnsNxT · bargeNxT · steadyN[xSECONDS]; throws on any other name. */
export function scenario(name: string): Scenario {
  const [, kind, first, second] = /^(join|burst|turns|barge|steady)(\d+)(?:x(\d+))?$/.exec(name) ?? [];
  const callers = Number(first);
  const times = second === undefined ? null : Number(second);
  const base = { name, callers, processes: 1 };
  switch (kind) {
    case "join":
      return { ...base, plan: { mode: "join", turns: null, seconds: null, staggerMs: 500, holdMs: 1000 } };
    case "burst":
      return {
        ...base,
        processes: callers,
        plan: { mode: "join", turns: null, seconds: null, staggerMs: 0, holdMs: 2000 },
      };
    case "turns":
      return { ...base, plan: { mode: "turns", turns: times ?? 10, seconds: null, staggerMs: 500, holdMs: 0 } };
    case "barge":
      return { ...base, plan: { mode: "barge", turns: times ?? 5, seconds: null, staggerMs: 700, holdMs: 0 } };
    case "steady":
      return {
        ...base,
        plan: { mode: "turns", turns: null, seconds: times ?? STEADY_SECONDS, staggerMs: 500, holdMs: 0 },
      };
    default:
      throw new Error(
        `unknown scenario "${name}": join1, burst10, turns1x10, barge1x5, steady5, steady20x60 are such as there are`,
      );
  }
}
