const MINUTE_MS = 60_000;

/** Between the first attempt and the second, and so on: 28 hours in all. Behind the last one a delivery is dead. */
const WAITS_MS = [5_000, 30_000, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, 60 * MINUTE_MS]
  .concat(Array.from({ length: 4 }, () => 3 * 60 * MINUTE_MS))
  .concat([6 * 60 * MINUTE_MS, 8 * 60 * MINUTE_MS]);

/** An address that has taken nothing for so long is told of nothing more. */
export const GIVE_UP_MS = 3 * 24 * 60 * MINUTE_MS;

/** Null: it was the last attempt. `random`: 0 to 1; spreads what failed together by a fifth either way. */
export function retryAfterMs(attempts: number, random: number): number | null {
  const waitMs = WAITS_MS[attempts - 1];
  return waitMs === undefined ? null : Math.round(waitMs * (0.8 + 0.4 * random));
}
