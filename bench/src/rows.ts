import type { ScenarioResult, TargetResult } from "./result.ts";
import { scenario } from "./scenario.ts";
import type { Stats } from "./stats.ts";

export type Cell = number | null;

/** One figure of one target in one run. */
export interface Row {
  name: string;
  /** p95 beside a p50. */
  value(target: TargetResult): { main: Cell; second?: Cell };
  digits?: number;
}

/** The rows of the table, for these scenarios. */
export function rows(scenarios: readonly string[]): Row[] {
  const started: Row[] = [
    { name: "start → registered, ms", value: (target) => ({ main: registeredMs(target) }) },
    { name: "start → greeting heard, ms", value: ({ starts }) => ({ main: starts?.greeting?.p50 ?? null }) },
    { name: "idle PSS, MiB", value: ({ idle }) => ({ main: idle?.pssMiB ?? null }) },
  ];
  return [...started, ...scenarios.flatMap(rowsOf)];
}

/** Of the starts with a waiting caller, or of the one start there was. */
export const registeredMs = ({ starts, registeredMs }: TargetResult) => starts?.registered?.p50 ?? registeredMs;

function rowsOf(name: string): Row[] {
  const of = (target: TargetResult) => target.scenarios.find((one) => one.scenario === name);
  const spread = (what: string, pick: (result: ScenarioResult) => Stats | null | undefined, digits = 0): Row => ({
    name: `${name}: ${what}`,
    value(target) {
      const result = of(target);
      const found = result === undefined ? null : pick(result);
      return found == null ? { main: null } : { main: found.p50, second: found.p95 };
    },
    digits,
  });
  const single = (
    what: string,
    pick: (result: ScenarioResult, target: TargetResult) => Cell | undefined,
    digits = 0,
  ): Row => ({
    name: `${name}: ${what}`,
    value(target) {
      const result = of(target);
      return { main: result === undefined ? null : (pick(result, target) ?? null) };
    },
    digits,
  });
  const { kind } = scenario(name);
  switch (kind) {
    case "start":
      return [];
    case "join":
    case "burst":
      return [
        spread("join, ms", (r) => r.join),
        spread("greeting heard, ms", (r) => r.greet),
        single("last greeting heard, ms", (r) => (kind === "burst" ? r.greet?.max : null)),
        single("failed or ungreeted", (r) => r.failedJoins + r.ungreeted),
        single("PSS, MiB", (r) => r.memory.pssMiB),
      ];
    case "barge":
      return [
        spread("to quieter by 12 dB, ms", (r) => r.quieter),
        spread("to silent, ms", (r) => r.silent),
        spread("to the next answer, ms", (r) => r.bargeReply),
        single("failed", (r) => r.failedBarges),
      ];
    case "over":
      return [
        single("sounds", (r) => r.overs),
        single("false stops", (r) => r.falseStops),
        spread("quiet, ms", (r) => r.overQuiet),
      ];
    case "echo":
      return [
        spread("back at the ear, ms", (r) => r.echoBack),
        spread("straight at another ear, ms", (r) => r.echoStraight),
        spread("of the agent, ms", (r) => r.echoOwn),
      ];
    case "soak":
      return [
        ...scenario(name).plan.checkpoints.map((calls, i) =>
          single(`PSS after ${calls} calls, MiB`, (r) => r.checkpoints[i]?.pssMiB, 1),
        ),
        spread("join, ms", (r) => r.join),
        single("failed or ungreeted", (r) => r.failedJoins + r.ungreeted),
      ];
    case "turns":
    case "steady":
      return [
        spread("turn latency, ms", (r) => r.latency),
        ...(["endpoint", "sttToLlm", "llmToTts", "ttsToEar", "overhead", "beyond"] as const).map((part) =>
          spread(`${part}, ms`, (r) => r.parts?.[part]),
        ),
        single("turns", (r) => r.turns),
        single("lost turns", (r) => r.lostTurns),
        single("of them to a cut question", (r) => r.cutTurns),
        single("premature", (r) => r.premature),
        single("choppy", (r) => r.choppy),
        single("failed joins", (r) => r.failedJoins),
        single("transcriptions a turn", (r) => r.spending?.transcriptions, 1),
        single("LLM requests a turn", (r) => r.spending?.llmRequests, 1),
        single("tokens sent a turn", (r) => r.spending?.tokens, 1),
        single("tokens thrown away a turn", (r) => r.spending && r.spending.tokens - r.spending.heardTokens, 1),
        single("characters to speak a turn", (r) => r.spending?.ttsChars, 1),
        single("characters never heard a turn", (r) => r.spending && r.spending.ttsChars - r.spending.heardChars, 1),
        single("CPU cores per call", (r) => r.cores.agent / r.callers, 3),
        single("PSS per call, MiB", (r) => r.memory.pssMiB / r.callers, 1),
        single("PSS added per call, MiB", (r, { idle }) => idle && (r.memory.pssMiB - idle.pssMiB) / r.callers, 1),
      ];
    default:
      return kind satisfies never;
  }
}
