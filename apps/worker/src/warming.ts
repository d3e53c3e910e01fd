import type { Clock } from "@parley/engine";
import type { JobOffer } from "@parley/livekit";

/** LiveKit gives an offer up 3 s after it was asked for; it needs 0.2 s to bring it, and some to bring what follows. */
const WAIT_MS = 2_300;
/** When LiveKit has asked everybody else, too, and shows who came: more than 5 s after it asked first. */
const ASKED_ALL_MS = 3_000;
/** Calls that LiveKit is asked for again; what is beyond was refused, as by any worker that is full. */
const MAX_REFUSED = 200;

/** LiveKit draws lots by what is free: beside warm workers this seldom wins, alone it does. From 0.7 on nobody is asked. */
export const STARTING_LOAD = 0.69;

/**
 * A worker registers when its agent is known, while models are still loaded: LiveKit takes 200 ms to bring the first job.
 * What is offered before a shard is ready waits for it; what waited in vain is asked for again when there is one.
 */
export interface Warming {
  /** A shard is ready. */
  readonly isOver: boolean;
  /** What is offered now may wait. */
  readonly mayWait: boolean;
  /** Resolves when a shard is ready, or when LiveKit waits no longer. */
  wait(): Promise<void>;
  /** It waited in vain. */
  refused(offer: JobOffer): void;
  /** The agent is known. */
  begin(): void;
  over(): void;
  close(): void;
}

export function createWarming(clock: Clock, askAgain: (offer: JobOffer) => void): Warming {
  const ready = Promise.withResolvers<void>();
  const late: { offer: JobOffer; atMs: number }[] = [];
  const timers: (() => void)[] = [];
  let state: "unknown" | "waiting" | "over" | "closed" = "unknown";
  return {
    get isOver() {
      return state === "over";
    },
    get mayWait() {
      return state === "waiting";
    },
    wait() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = clock.after(WAIT_MS, resolve);
      void ready.promise.then(() => {
        cancel();
        resolve();
      });
      return promise;
    },
    refused(offer) {
      if (state === "waiting" && late.length < MAX_REFUSED) late.push({ offer, atMs: clock.now() });
    },
    begin() {
      if (state === "unknown") state = "waiting";
    },
    over() {
      if (state === "closed") return;
      state = "over";
      ready.resolve();
      for (const { offer, atMs } of late.splice(0)) {
        const leftMs = Math.max(0, atMs + ASKED_ALL_MS - clock.now());
        timers.push(clock.after(leftMs, () => askAgain(offer)));
      }
    },
    close() {
      state = "closed";
      for (const cancel of timers) cancel();
      ready.resolve();
    },
  };
}
