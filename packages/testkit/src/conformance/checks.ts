import { setImmediate as nextTurn } from "node:timers/promises";
import { type ErrorCategory, ParleyError } from "@parley/engine";
import { afterEach, beforeEach, expect } from "vitest";

/** "Promptly": an abort is seen within this, however slow the provider is. */
export const PROMPT_MS = 1000;

/** A provider that fails in a way the adapter's author can bring about, and what the error may then be. */
export interface FaultCase<T> {
  /** Said in the test's name, e.g. "hangs" or "answers with HTML". */
  when: string;
  make: () => T | Promise<T>;
  /** Categories that fit. Default: any but `cancelled` and `internal`. */
  categories?: readonly ErrorCategory[];
}

/** Rejects when `work` has not settled after `ms`: a suite never hangs. */
export async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves with what `work` throws; fails when it throws nothing in time. */
export async function thrownBy(work: Promise<unknown>, ms: number, what: string): Promise<unknown> {
  const outcome = await within(
    work.then(
      () => ({ threw: false, error: null }),
      (error: unknown) => ({ threw: true, error }),
    ),
    ms,
    what,
  );
  expect(outcome.threw, `${what} should have failed`).toBe(true);
  return outcome.error;
}

export async function expectCancelled(work: Promise<unknown>, what: string): Promise<void> {
  const error = await thrownBy(work, PROMPT_MS, what);
  expectParleyError(error, ["cancelled"]);
}

const OUTSIDE_FAULTS: readonly ErrorCategory[] = [
  "configuration",
  "unauthorised",
  "refused",
  "rate-limited",
  "timeout",
  "network",
  "protocol",
  "provider",
];

export function expectParleyError(error: unknown, categories: readonly ErrorCategory[] = OUTSIDE_FAULTS): void {
  if (!(error instanceof ParleyError)) {
    throw new Error(`Not a ParleyError: ${error instanceof Error ? error.stack : String(error)}`);
  }
  expect(categories).toContain(error.category);
  expect(error.code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  expect(error.message.length).toBeGreaterThan(0);
}

/** In a describe: every test also fails on a promise that was rejected and handled by nobody. */
export function noUnhandledRejections(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", note);
  });
  afterEach(async () => {
    // Rejections are reported after the microtasks of the turn they happened in.
    await nextTurn();
    await nextTurn();
    process.off("unhandledRejection", note);
    expect(unhandled, "rejected promises that nobody handled").toEqual([]);
  });
}

/** Polls until `condition` holds. For things that a port reports at a time of its own. */
export async function eventually(condition: () => boolean, ms: number, what: string): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
