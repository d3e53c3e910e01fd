import type { CallerPlan } from "./caller/plan.ts";

export interface Scenario {
  name: string;
  kind: "start" | "join" | "burst" | "turns" | "barge" | "over" | "echo" | "steady" | "soak";
  /** Callers at the same time. */
  callers: number;
  /** Calls in all. */
  calls: number;
  /** Processes they are spread over, so that they don't queue behind each other. */
  processes: number;
  plan: Pick<CallerPlan, "mode" | "turns" | "seconds" | "staggerMs" | "holdMs" | "checkpoints">;
}

const STEADY_SECONDS = 45;
/** More of them in one process send their speech late: twenty did 170 times in 45 s, ten never. */
const TALKERS_A_PROCESS = 10;
const JOINERS_A_PROCESS = 5;
/** Between two joins of one caller: everything is warm and at rest again. */
const WARM_MS = 2500;
/** A fifth of a soak has warmed everything up; what it adds afterwards is a leak. */
const WARM_SHARE = 5;

/** start[N] · join1[xTIMES] · burstN · turnsNxT · bargeNxT · overN · echoNxT · steadyN[xSECONDS] · soakCALLSxN; throws on any other name. */
export function scenario(name: string): Scenario {
  const [, kind, first, second] =
    /^(start|join|burst|turns|barge|over|echo|steady|soak)(?:([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?)?$/.exec(name) ?? [];
  const count = Number(first ?? 1);
  const times = second === undefined ? null : Number(second);
  const plan = { turns: null, seconds: null, staggerMs: 500, holdMs: 0, checkpoints: [] };
  const base = { name, callers: count, calls: count, processes: 1 };
  if (kind === "start" && times === null) {
    return { ...base, kind, callers: 1, plan: { ...plan, mode: "start", holdMs: 1000 } };
  }
  if (first === undefined) throw unknown(name);
  switch (kind) {
    case "join": {
      const calls = count * (times ?? 1);
      const visits = { mode: "visits", checkpoints: [calls], staggerMs: WARM_MS } as const;
      return { ...base, kind, calls, plan: { ...plan, mode: "join", holdMs: 1000, ...(times === null ? {} : visits) } };
    }
    case "burst":
      return {
        ...base,
        kind,
        processes: Math.ceil(count / JOINERS_A_PROCESS),
        plan: { ...plan, mode: "join", staggerMs: 0, holdMs: 2000 },
      };
    case "turns":
      return { ...base, kind, plan: { ...plan, mode: "turns", turns: times ?? 10 } };
    case "barge":
      return { ...base, kind, plan: { ...plan, mode: "barge", turns: times ?? 5, staggerMs: 700 } };
    case "over":
      return { ...base, kind, plan: { ...plan, mode: "over", turns: times, staggerMs: 700 } };
    case "echo":
      return { ...base, kind, plan: { ...plan, mode: "echo", turns: times ?? 60 } };
    case "steady": {
      const processes = Math.ceil(count / TALKERS_A_PROCESS);
      const staggerMs = plan.staggerMs * processes;
      return {
        ...base,
        kind,
        processes,
        plan: { ...plan, mode: "turns", staggerMs, seconds: times ?? STEADY_SECONDS },
      };
    }
    case "soak": {
      const checkpoints = [Math.ceil(count / WARM_SHARE), count];
      const soak = { mode: "visits", checkpoints, staggerMs: 100, holdMs: 200 } as const;
      return { ...base, kind, callers: times ?? 5, plan: { ...plan, ...soak } };
    }
    default:
      throw unknown(name);
  }
}

function unknown(name: string): Error {
  return new Error(
    `unknown scenario "${name}": start3, join1x5, burst10, turns1x10, barge1x5, over1, echo1x60, steady5, steady20x60, soak500x5 are such as there are`,
  );
}
