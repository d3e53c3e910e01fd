import { writeFileSync } from "node:fs";
import path from "node:path";
import { BY_WORKER } from "./caller/dispatch.ts";
import { startCallers } from "./caller-process.ts";
import type { StartResult } from "./result.ts";
import type { Scenario } from "./scenario.ts";
import type { Stack } from "./stack.ts";
import { startAgent } from "./start-agent.ts";
import { stats } from "./stats.ts";
import type { Target } from "./target.ts";
import { sleep } from "./time.ts";

const BETWEEN_MS = 2000;

interface Starting {
  stack: Stack;
  target: Target;
  logFolder: string;
  run: number;
}

interface Start {
  registeredMs: number;
  /** Absent: the caller heard none. */
  greetingMs?: number;
  errors: string[];
}

/** Starts the target's process `scenario.calls` times, each time with a caller who waits in a room already. */
export async function runStarts(scenario: Scenario, starting: Starting): Promise<StartResult> {
  const { target, logFolder, run } = starting;
  const label = `run${run}.${target.name}.${scenario.name}`;
  const starts: Start[] = [];
  for (let i = 0; i < scenario.calls; i++) {
    starts.push(await startOnce(scenario, `${label}.${i}`, starting));
    await sleep(BETWEEN_MS);
  }
  writeFileSync(path.join(logFolder, `${label}.json`), JSON.stringify({ target: target.name, run, starts }));
  const greeting = stats(starts.map((start) => start.greetingMs));
  return {
    scenario: scenario.name,
    registered: stats(starts.map((start) => start.registeredMs)),
    greeting,
    failed: scenario.calls - (greeting?.n ?? 0),
    errors: starts.flatMap((start) => start.errors),
  };
}

/**
 * The caller is in the room, the process is started, and the moment it says that it is ready it is called into the room:
 * so for every target alike, because LiveKit drops a dispatch that finds no worker instead of keeping it.
 */
async function startOnce(scenario: Scenario, label: string, { stack, target, logFolder }: Starting): Promise<Start> {
  const caller = startCallers(scenario, 0, { stack, logFolder, label, dispatch: BY_WORKER }); // until it is told
  try {
    await caller.reached.ready;
    caller.tell("go");
    await Promise.race([caller.reached.waiting, caller.reached.done]); // done: it could not even enter
    const agent = await startAgent(target, stack, path.join(logFolder, `${label}.agent.log`));
    try {
      caller.tell(agent.dispatch);
      await caller.reached.done;
      caller.tell("bye");
      await caller.ended;
    } finally {
      agent.child.kill();
    }
    const result = caller.result();
    const call = result?.calls[0];
    return {
      registeredMs: agent.registeredMs,
      ...(call?.greetMs === undefined ? {} : { greetingMs: call.startedAt + call.greetMs - agent.startedAt }),
      errors: result?.errors ?? ["the caller's process died"],
    };
  } finally {
    caller.child.kill();
  }
}
