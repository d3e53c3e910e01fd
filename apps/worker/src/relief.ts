import type { Log } from "./log.ts";
import { unhurried } from "./unhurried.ts";

/**
 * What a call leaves behind in a process is small but not nothing: the native WebRTC library keeps about 0.4 MiB of
 * every room (docs/decisions/011), and authors' code may leak as well.
 */
export const CALLS_PER_SHARD = 24;
const LOOK_MS = 250;
const AGAIN_MS = 60_000;

/** What is known of a shard's working life. */
export interface Served {
  readonly shardId: number;
  readonly state: "starting" | "ready";
  readonly alone: boolean;
  /** Its successor has taken its place: it is given no call any more, and ends with its last. */
  outgoing: boolean;
  /** Its successor is being warmed, or has taken its place: nobody else is to replace it. */
  relieved: boolean;
  callsBegun: number;
  /** The jobs of its running calls. */
  readonly jobs: Set<string>;
  /** Outgoing, and no call is on its way to it. */
  settled: boolean;
}

export interface ReliefOptions<S extends Served> {
  callsPerShard: number;
  shards(): Iterable<S>;
  /** Calls that have a place, but have not joined their rooms yet. */
  joining(): number;
  /** It has a call, or one was promised a place on it. */
  awaited(shardId: number): boolean;
  /** Starts another shard; resolves when it is warm. */
  warm(): Promise<unknown>;
  /** It has no calls: it may go. */
  dismiss(shard: S): void;
  /** Its successor did not start: if it is gone meanwhile, it has no replacement. */
  unrelieved(shard: S): void;
  after(delayMs: number, run: () => void): void;
  closing(): boolean;
  log: Log;
}

/** Replaces shards that have served long, one at a time: the new one is warm before the old one stops taking calls. */
export function createRelief<S extends Served>(options: ReliefOptions<S>) {
  const { callsPerShard, shards, log } = options;
  let warming = false;

  function look(): void {
    if (warming || options.closing()) return;
    const tired = [...shards()].find(
      ({ callsBegun, state, alone, relieved }) =>
        callsBegun >= callsPerShard && state === "ready" && !alone && !relieved,
    );
    if (tired) relieve(tired);
  }

  function relieve(shard: S): void {
    warming = true;
    shard.relieved = true;
    unhurried(options, () => warm(shard));
  }

  function warm(shard: S): void {
    if (options.closing()) return;
    const { shardId, callsBegun } = shard;
    log.info({ shard: shardId, calls: callsBegun }, "a shard has served long: a fresh one is warmed in its place");
    options.warm().then(
      () => {
        warming = false;
        leave(shard);
        look();
      },
      (error: Error) => {
        if (options.closing()) return;
        log.warn({ shard: shardId, err: error }, "its successor did not start; it goes on");
        shard.relieved = false;
        options.unrelieved(shard);
        options.after(AGAIN_MS, () => {
          warming = false;
          look();
        });
      },
    );
  }

  /** It is given no call any more, and goes when it has none. */
  function leave(shard: S): void {
    shard.relieved = true;
    shard.outgoing = true;
    const settle = (): void => {
      if (options.awaited(shard.shardId)) return void options.after(LOOK_MS, settle);
      shard.settled = true;
      dismissIdle(shard);
    };
    options.after(LOOK_MS, settle);
  }

  function dismissIdle(shard: S): void {
    if (!shard.settled || shard.jobs.size > 0) return;
    log.info(
      { shard: shard.shardId, calls: shard.callsBegun },
      "a shard that is relieved or not needed has no calls and ends",
    );
    options.dismiss(shard);
  }

  return {
    leave,
    began(shard: S, jobId: string): void {
      shard.jobs.add(jobId);
      shard.callsBegun++;
      look();
    },
    ended(shard: S, jobId: string): void {
      if (shard.jobs.delete(jobId)) dismissIdle(shard);
    },
  };
}
