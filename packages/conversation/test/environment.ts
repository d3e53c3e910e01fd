/**
 * PARLEY_SCHEDULES: how many random calls (100000). PARLEY_SEED: a number, or `random` (fixed, so that a failure is
 * about a change). PARLEY_PATH: with a seed, one failing schedule again, as a failure prints it.
 */
export function environment(): { seed: number; schedules: number; path: string | undefined } {
  const { PARLEY_SEED, PARLEY_SCHEDULES, PARLEY_PATH } = process.env;
  const seed = PARLEY_SEED === "random" ? Math.floor(Math.random() * 0x7fffffff) : Number(PARLEY_SEED ?? 20_260_101);
  const schedules = Number(PARLEY_SCHEDULES ?? 100_000);
  if (!Number.isInteger(seed)) throw new Error(`PARLEY_SEED is ${PARLEY_SEED}: give a whole number, or "random"`);
  if (!Number.isInteger(schedules) || schedules < 1)
    throw new Error(`PARLEY_SCHEDULES is ${PARLEY_SCHEDULES}: give a whole number above 0`);
  return { seed, schedules, path: PARLEY_PATH };
}
