export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
  /** 0 to 1; tests give a fixed one. */
  random?: () => number;
}

/**
 * The wait before the next attempt: doubling up to `maxMs`, then shortened by up to a half at random, so that the
 * workers of a restarted server do not all come back in the same instant.
 */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const { firstMs, maxMs, random = Math.random } = options;
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return full * (1 - random() / 2);
}
