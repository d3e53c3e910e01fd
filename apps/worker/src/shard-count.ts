import { unhurried } from "./unhurried.ts";

/** For so many calls more there is one more shard, and always one that could take over from another. */
const CALLS_A_SHARD = 4;
/** The call that makes another shard wanted joins and greets first: a start takes half a second of a core. */
const GROW_MS = 1_500;
/** Nobody has called for so long: the shards that calls brought are given back. */
const QUIET_MS = 300_000;

export interface ShardCountOptions {
  /** When nobody calls. */
  least: number;
  most: number;
  /** Starts one; resolves when it is warm, or has failed and somebody sees to that. Never rejects. */
  grow(): Promise<void>;
  /** Lets one go that has no calls; false: there is none. */
  shrink(): boolean;
  after(delayMs: number, run: () => void): () => void;
}

/** How many shards there are: few while nobody calls, more with the calls, one after another. */
export interface ShardCount {
  /** So many calls run now; so many of them have not joined yet. */
  fit(calls: number, joining: number): void;
}

/** How many shards so many calls are to have. */
export function wantedShards(calls: number, { least, most }: Pick<ShardCountOptions, "least" | "most">): number {
  const wanted = calls === 0 ? 0 : 1 + Math.ceil(calls / CALLS_A_SHARD);
  return Math.min(most, Math.max(least, wanted));
}

export function createShardCount(options: ShardCountOptions): ShardCount {
  const { least, grow, shrink, after } = options;
  let count = least;
  let calls = 0;
  let joining = 0;
  let growing = false;
  let stopWaiting: (() => void) | null = null;

  async function growOn(): Promise<void> {
    for (; count < wantedShards(calls, options); count++) await grow();
    growing = false;
  }

  return {
    fit(now, ofThemJoining) {
      calls = now;
      joining = ofThemJoining;
      if (!growing && count < wantedShards(calls, options)) {
        growing = true;
        after(GROW_MS, () => unhurried({ joining: () => joining, after, waitedMs: GROW_MS }, () => void growOn()));
      }
      if (calls > 0) {
        stopWaiting?.();
        stopWaiting = null;
      } else if (count > least) {
        stopWaiting ??= after(QUIET_MS, () => {
          stopWaiting = null;
          while (count > least && shrink()) count--;
        });
      }
    },
  };
}
