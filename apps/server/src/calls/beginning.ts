import type { Clock } from "@parley/engine";
import type { CallRow, Store } from "@parley/store";
import { HttpProblem } from "../http/problem.ts";

/** A token is good for so long, and its call may begin until then. */
const GIVEN_MS = 15 * 60_000;
const MOST_GIVEN = 10_000;
/** For the first facts of a call to be stored: whoever names it is a little ahead of them. */
const WAIT_MS = 2_000;
const LOOK_MS = 50;
const MOST_WAITING = 200;

/** Calls, also those of which nothing is stored yet. */
export interface BeginningCalls {
  /** Their ids go out with a token; null: nobody's in particular. */
  given(callIds: readonly string[], tenantId: string | null): void;
  /**
   * `tenantId` given: of that tenant alone. One that may begin at any moment is waited for, for two seconds; `isExpected`: it
   * has not begun by then.
   */
  find(callId: string, tenantId: string | undefined): Promise<{ row: CallRow | null; isExpected: boolean }>;
}

/** The call, once it has begun. Throws HttpProblem 404 `call-not-found`. */
export async function callNow(calls: BeginningCalls, callId: string, tenantId: string | undefined): Promise<CallRow> {
  const { row, isExpected } = await calls.find(callId, tenantId);
  if (row !== null) return row;
  const detail = isExpected
    ? `The call ${JSON.stringify(callId)} has not begun: its agent comes with the first person. Try again then.`
    : `There is no call ${JSON.stringify(callId)}.`;
  throw new HttpProblem(404, "call-not-found", detail);
}

export function beginningCalls({
  store,
  clock,
}: {
  store: Pick<Store, "calls" | "connections">;
  clock: Clock;
}): BeginningCalls {
  /** The oldest comes first. */
  const given = new Map<string, { tenantId: string | null; atMs: number }>();
  let waiting = 0;

  async function isExpected(callId: string, tenantId: string | undefined): Promise<boolean> {
    const one = given.get(callId);
    const isGiven = one !== undefined && clock.now() - one.atMs < GIVEN_MS;
    if (isGiven && (tenantId === undefined || one.tenantId === tenantId)) return true;
    return store.connections.isOpenCall(callId, tenantId);
  }

  async function waitFor(callId: string, tenantId: string | undefined): Promise<CallRow | null> {
    const untilMs = clock.now() + WAIT_MS;
    while (clock.now() < untilMs) {
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
      const row = await store.calls.get(callId, tenantId);
      if (row !== null) return row;
    }
    return null;
  }

  return {
    given(callIds, tenantId) {
      for (const callId of callIds) given.set(callId, { tenantId, atMs: clock.now() });
      for (const [oldest, { atMs }] of given) {
        if (given.size <= MOST_GIVEN && clock.now() - atMs < GIVEN_MS) break;
        given.delete(oldest);
      }
    },
    async find(callId, tenantId) {
      const found = await store.calls.get(callId, tenantId);
      if (found !== null) return { row: found, isExpected: false };
      if (!(await isExpected(callId, tenantId))) return { row: null, isExpected: false };
      if (waiting >= MOST_WAITING) return { row: null, isExpected: true };
      waiting += 1;
      try {
        const row = await waitFor(callId, tenantId);
        if (row !== null) given.delete(callId);
        return { row, isExpected: row === null };
      } finally {
        waiting -= 1;
      }
    },
  };
}
