import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "@parley/engine";

/** A clock that stands still until a test moves it. */
export interface VirtualClock extends Clock {
  /** Timers that are set and have not run. */
  readonly pending: number;
  /**
   * Moves time on by `ms`, running every timer that falls due, in order (same instant: in the order they were set).
   * Promises are let run before each timer and at the end. Rejects with what a timer throws.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves time from timer to timer until `work` settles, and gives its result. Throws if that takes more than
   * `limitMs` (default a minute) of virtual time, or if nothing is left that could settle it.
   */
  until<T>(work: Promise<T>, limitMs?: number): Promise<T>;
  /**
   * The process stands still for `ms`: time passes at once, nothing runs; what fell due meanwhile runs late, with the
   * next move. May be called from a timer.
   */
  block(ms: number): void;
  /** Lets promises that wait for nothing but each other run; time stands still. */
  settle(): Promise<void>;
}

export interface VirtualClockOptions {
  /** First `now()`. Default 0. */
  startMs?: number;
  /** `wall()` at that moment. Default 2030-01-01T00:00:00Z. */
  wallMs?: number;
}

interface Timer {
  at: number;
  /** Timers of one instant run in the order they were set. */
  order: number;
  run: () => void;
}

/** More timers than this at one instant set each other for ever. */
const RUNAWAY = 10_000;

/** A Clock for tests: no test sleeps. */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const { startMs = 0, wallMs = Date.UTC(2030, 0, 1) } = options;
  const timers = new Set<Timer>();
  let now = startMs;
  let orders = 0;
  let moving: Promise<unknown> = Promise.resolve();

  /** The event loop's turn comes only when no promise has anything left to do. */
  const settle = async () => {
    await nextTurn();
  };

  const nextTimer = (until: number): Timer | null => {
    let next: Timer | null = null;
    for (const timer of timers) {
      if (timer.at > until) continue;
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  };

  const fire = (timer: Timer) => {
    timers.delete(timer);
    now = Math.max(now, timer.at);
    timer.run();
  };

  const move = async (ms: number) => {
    const target = now + ms;
    let instant = now;
    let ran = 0;
    await settle();
    for (let timer = nextTimer(target); timer; timer = nextTimer(target)) {
      ran = timer.at > instant ? 0 : ran + 1;
      instant = Math.max(instant, timer.at);
      if (ran > RUNAWAY) throw new Error(`virtualClock: ${RUNAWAY} timers ran at ${now} ms; they set each other`);
      fire(timer);
      await settle();
    }
    now = Math.max(now, target);
  };

  /** One mover at a time, or two tests' worth of time would interleave. */
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = moving.then(run);
    moving = turn.catch(() => {});
    return turn;
  };

  const runUntil = async <T>(work: Promise<T>, limitMs: number): Promise<T> => {
    const deadline = now + limitMs;
    let settled = false;
    const done = () => {
      settled = true;
    };
    work.then(done, done);
    for (;;) {
      await settle();
      if (settled) return work;
      const timer = nextTimer(Number.POSITIVE_INFINITY);
      if (!timer) throw new Error(`virtualClock: nothing is left at ${now} ms that could settle what is waited for`);
      if (timer.at > deadline) throw new Error(`virtualClock: not settled within ${limitMs} ms`);
      fire(timer);
    }
  };

  return {
    now: () => now,
    wall: () => wallMs + (now - startMs),
    after(delayMs, run) {
      const timer = { at: now + Math.max(0, delayMs || 0), order: orders++, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    get pending() {
      return timers.size;
    },
    advance: (ms) => {
      if (!(ms >= 0)) return Promise.reject(new RangeError(`virtualClock: time cannot move by ${ms} ms`));
      return inTurn(() => move(ms));
    },
    until: (work, limitMs = 60_000) => inTurn(() => runUntil(work, limitMs)),
    block(ms) {
      now += ms;
    },
    settle,
  };
}

/**
 * The clock of what is outside the process that stands still: what comes from there is read only after the timers that
 * fell due meanwhile, as an event loop does it.
 */
export function outsideClock(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after(delayMs, run) {
      const due = clock.now() + Math.max(0, delayMs);
      let cancel = clock.after(delayMs, () => {
        if (clock.now() > due + 1) cancel = clock.after(0, run);
        else run();
      });
      return () => cancel();
    },
  };
}
