import type { Gone, LeasedCall } from "@parley/uplink";
import { leaseBook } from "../leases/book/book.ts";
import type { Effect, LeaseBook } from "../leases/book/lease-book.ts";
import { usualTimings } from "../leases/timings.ts";

type Order = Extract<Effect, { type: "order" }>;

export const call = (callId: string, more: Partial<LeasedCall> = {}): LeasedCall => ({
  callId,
  epoch: 1,
  room: `room-${callId}`,
  agentName: "desk",
  identity: `agent-${callId}`,
  crashes: 0,
  ...more,
});

export interface TestBook {
  book: LeaseBook;
  now: number;
  /** All that came out so far. */
  effects: Effect[];
  /** Time passes in small steps. */
  pass(ms: number): void;
  /** A worker comes, with these calls. */
  here(
    id: string,
    calls?: readonly LeasedCall[],
    more?: { agent?: string | null; draining?: boolean; open?: boolean },
  ): void;
  lease(
    id: string,
    calls: readonly LeasedCall[],
    more?: { draining?: boolean; open?: boolean; unshipped?: string[] },
  ): void;
  gone(id: string, how?: Gone): void;
  /** The orders so far, as `call>worker`. */
  ordered(): string[];
  /** Answers the newest order of a call; its epoch. */
  answer(callId: string, result?: { ok: boolean; reason: string }, storedEpoch?: number): number;
}

/** A book behind its first lease: take-overs are allowed. `fresh`: of a server that has just started. */
export function testBook({ fresh = false } = {}): TestBook {
  // A lease of 15 s: the tables below count in it.
  const book = leaseBook({ ...usualTimings, heartbeatMs: 5_000 }, 0);
  const step = () => test.effects.push(...book.step(test.now));
  const test: TestBook = {
    book,
    now: 0,
    effects: [],
    pass(ms) {
      for (const end = test.now + ms; test.now < end; ) {
        test.now = Math.min(end, test.now + 100);
        step();
      }
    },
    here(id, calls = [], { agent = "desk", draining = false, open = true } = {}) {
      book.up(test.now, { id, name: id, agent });
      test.lease(id, calls, { draining, open });
    },
    lease(id, calls, { draining = false, open = true, unshipped = [] } = {}) {
      book.leased(test.now, id, { calls, draining, open, unshipped });
      step();
    },
    gone(id, how = "lost") {
      book.gone(test.now, id, how);
      step();
    },
    ordered: () => test.effects.filter(isOrder).map(({ callId, to }) => `${callId}>${to}`),
    answer(callId, result = { ok: true, reason: "" }, storedEpoch = 0) {
      const order = test.effects.filter(isOrder).findLast((effect) => effect.callId === callId);
      const epoch = book.epochFor(callId, order?.to ?? "", storedEpoch) ?? 0;
      book.answered(test.now, callId, { to: order?.to ?? "", epoch }, result);
      step();
      return epoch;
    },
  };
  if (!fresh) test.pass(15_000);
  return test;
}

const isOrder = (effect: Effect): effect is Order => effect.type === "order";
