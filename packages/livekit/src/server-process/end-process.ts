import { setTimeout as delay } from "node:timers/promises";
import { ParleyError } from "@parley/engine";
import { processStart } from "./process-identity.ts";

export interface EndProcessOptions {
  /** livekit-server waits (seconds, even when it is empty) on the first SIGTERM and leaves at once on the second. */
  againAfterMs?: number;
  killAfterMs?: number;
  giveUpAfterMs?: number;
}

/**
 * Ends the process `pid` that started at `start` (processStart's answer), politely first. Does nothing when that
 * process is gone, even if its pid was given to another. Throws ParleyError `process-will-not-end`.
 */
export async function endProcess(pid: number, start: string, options: EndProcessOptions = {}): Promise<void> {
  const { againAfterMs = 200, killAfterMs = 4000, giveUpAfterMs = 8000 } = options;
  const alive = () => processStart(pid) === start;
  const send = (signal: NodeJS.Signals) => {
    if (!alive()) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const gone = async (withinMs: number) => {
    const deadline = performance.now() + withinMs;
    while (alive()) {
      if (performance.now() > deadline) return false;
      await delay(20);
    }
    return true;
  };
  send("SIGTERM");
  if (await gone(againAfterMs)) return;
  send("SIGTERM");
  if (await gone(killAfterMs - againAfterMs)) return;
  send("SIGKILL");
  if (await gone(giveUpAfterMs - killAfterMs)) return;
  throw new ParleyError(`Process ${pid} did not end within ${giveUpAfterMs} ms, not even by SIGKILL.`, {
    code: "process-will-not-end",
    category: "internal",
  });
}
