/** All in ms. */
export interface LeaseTimings {
  /** How often a worker is heard of at least; three of these are a lease. */
  heartbeatMs: number;
  /** A worker whose line broke and that is not back by then is lost. */
  lostMs: number;
  /** For a worker to answer an order. */
  orderMs: number;
  /** Before the workers are asked again when none has taken a call. */
  retryMs: number;
  /** For a call that was promised to a worker to appear in its lease. */
  settleMs: number;
  /** A caller for whom no worker had room by then is told goodbye. */
  waitMs: number;
  /** Between two looks for callers without an agent. */
  lookMs: number;
  /** A call that nobody has taken by then is given up; an ended one is forgotten. */
  giveUpMs: number;
  /** Steps that are further apart than this: the process stood still, and has not heard who lives. */
  stallMs: number;
  /** Between two looks for calls that nobody leases. */
  searchMs: number;
}

export const usualTimings: LeaseTimings = {
  heartbeatMs: 2_000,
  lostMs: 700,
  orderMs: 3_000,
  retryMs: 1_000,
  settleMs: 10_000,
  waitMs: 60_000,
  lookMs: 2_000,
  giveUpMs: 600_000,
  stallMs: 2_000,
  searchMs: 60_000,
};

const HEARTBEATS = 3;

/** After this long without a word a worker's lease is over. */
export function leaseMs({ heartbeatMs }: Pick<LeaseTimings, "heartbeatMs">): number {
  return heartbeatMs * HEARTBEATS;
}
