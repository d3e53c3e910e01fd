import { sleep } from "../time.ts";
import type { Caller } from "./caller.ts";
import type { CallerPlan } from "./plan.ts";

export const GREETING_TIMEOUT_MS = 20_000;
/** With nobody in, before a checkpoint: the agent may clear up. */
const REST_MS = 5000;
/** So many failures in a row, and the rest is not tried: each takes half a minute. */
const GIVE_UP_AFTER = 10;

interface Visits<One> {
  newCaller(index: number): One;
  /** It has heard its greeting, or failed. */
  over(caller: One): Promise<void>;
  /** So many have come and gone. */
  checkpoint(calls: number): Promise<void>;
}

type Visitor = Pick<Caller, "join" | "greeted" | "errors">;

/**
 * Calls that come and go: `plan.callers` at a time, each stays until it has been greeted and `holdMs` more; the next one
 * comes `staggerMs` later.
 */
export async function visits<One extends Visitor>(
  plan: Pick<CallerPlan, "callers" | "checkpoints" | "holdMs" | "staggerMs">,
  { newCaller, over, checkpoint }: Visits<One>,
  restMs = REST_MS,
): Promise<void> {
  let next = 0;
  let failures = 0;
  const oneAfterTheOther = async (end: number) => {
    while (next < end && failures < GIVE_UP_AFTER) {
      const caller = newCaller(next++);
      try {
        await caller.join();
        await caller.greeted(GREETING_TIMEOUT_MS);
        failures = 0;
      } catch (error) {
        failures++;
        caller.errors.push(String(error));
      }
      await sleep(plan.holdMs);
      await over(caller);
      await sleep(plan.staggerMs);
    }
  };
  for (const end of plan.checkpoints) {
    await Promise.all(Array.from({ length: plan.callers }, () => oneAfterTheOther(end)));
    if (failures >= GIVE_UP_AFTER) return;
    await sleep(restMs);
    await checkpoint(end);
  }
}
