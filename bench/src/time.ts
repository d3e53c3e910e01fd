import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds that several processes of one machine can compare. */
export const now = () => performance.timeOrigin + performance.now();

export const sleep = (ms: number) => delay(ms);

/** True as soon as `check` is; false when it is not by `deadline` (of `now`). */
export async function until(check: () => boolean, deadline: number, everyMs = 20): Promise<boolean> {
  while (!check()) {
    if (now() > deadline) return false;
    await sleep(everyMs);
  }
  return true;
}
