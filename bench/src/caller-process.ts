import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Dispatch } from "./caller/dispatch.ts";
import type { CallerPlan, CallerResult, Phase } from "./caller/plan.ts";
import { type Child, startNode } from "./child.ts";
import type { Scenario } from "./scenario.ts";
import type { Stack } from "./stack.ts";

export interface CallerProcess {
  child: Child;
  /** Resolves at that phase, and at the end of a process that dies before it. */
  reached: Record<"ready" | "waiting" | "measure" | "done", Promise<void>>;
  ended: Promise<void>;
  /** Whenever that phase is said. */
  on(phase: Phase, listener: () => void): void;
  tell(word: string | Dispatch): void;
  /** What it wrote at its end; null when it died. */
  result(): CallerResult | null;
}

export interface CallersOf {
  stack: Stack;
  logFolder: string;
  /** Of its files. */
  label: string;
  dispatch: Dispatch;
}

/** Starts one process with its share of a scenario's callers: the `i`th of `scenario.processes`. */
export function startCallers(scenario: Scenario, i: number, of: CallersOf): CallerProcess {
  const { stack, logFolder, label, dispatch } = of;
  const share = Math.floor(scenario.callers / scenario.processes);
  const rest = scenario.callers % scenario.processes;
  const outPath = path.join(stack.folder, `${label}.callers${i}.json`);
  const plan: CallerPlan = {
    ...scenario.plan,
    callers: share + (i < rest ? 1 : 0),
    firstIndex: i * share + Math.min(i, rest),
    dispatch,
    url: stack.url,
    apiKey: stack.apiKey,
    apiSecret: stack.apiSecret,
    clipsFolder: stack.clipsFolder,
    outPath,
  };
  const child = startNode({
    args: [path.join(import.meta.dirname, "caller/main.ts"), JSON.stringify(plan)],
    env: process.env,
    logPath: path.join(logFolder, `${label}.callers${i}.log`),
    ipc: true,
    isOutside: true,
  });
  const ended = new Promise<void>((resolve) => child.process.once("exit", () => resolve()));
  const on: CallerProcess["on"] = (phase, listener) =>
    child.process.on("message", (message: { phase?: Phase }) => message.phase === phase && listener());
  const reach = (phase: Phase) =>
    new Promise<void>((resolve) => {
      on(phase, resolve);
      ended.then(resolve);
    });
  return {
    child,
    ended,
    on,
    reached: { ready: reach("ready"), waiting: reach("waiting"), measure: reach("measure"), done: reach("done") },
    tell: (word) => void (child.process.connected && child.process.send(word)),
    result: () => (existsSync(outPath) ? JSON.parse(readFileSync(outPath, "utf8")) : null),
  };
}
