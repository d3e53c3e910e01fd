import type { Dispatch } from "./caller/dispatch.ts";
import { type Child, startProgram } from "./child.ts";
import type { Stack } from "./stack.ts";
import type { Target } from "./target.ts";
import { now } from "./time.ts";

const START_TIMEOUT_MS = 60_000;

export interface Agent {
  child: Child;
  /** When its process was started (time.ts). */
  startedAt: number;
  /** From then until it said that it is ready. */
  registeredMs: number;
  dispatch: Dispatch;
}

/** Starts a target and waits until it says that it is ready; throws with what it printed when it never does. */
export async function startAgent(target: Target, stack: Stack, logPath: string): Promise<Agent> {
  const { command, args, env, ready } = target;
  const startedAt = now();
  const child = startProgram(command, { args, env: { ...stack.env, ...env }, logPath });
  try {
    const printed = await child.printed(ready, START_TIMEOUT_MS);
    return { child, startedAt, registeredMs: now() - startedAt, dispatch: target.dispatch(printed) };
  } catch (error) {
    child.kill();
    throw error;
  }
}
