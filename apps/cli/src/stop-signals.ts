/**
 * npm and shells hand a terminal's Ctrl-C on to a process that has had it already: a second signal within this time is
 * the first one's echo, not a person who has lost patience.
 */
const ECHO_MS = 500;

const LOOK_MS = 500;

export interface StopSignals {
  /** SIGINT or SIGTERM has come, or npm, which ran this, is gone. */
  readonly first: Promise<NodeJS.Signals>;
  /** It came again: whatever still goes on, end it. */
  readonly again: Promise<void>;
  /** Signals do what they did before. Idempotent. */
  close(): void;
}

/**
 * Listens for the signals that ask a program to stop, in place of being ended by them. When npm is told to stop, its
 * shell may end without handing that on: a program that npm runs takes the loss of its parent for a SIGTERM.
 */
export function stopSignals(
  source: NodeJS.EventEmitter = process,
  now: () => number = Date.now,
  parent: () => number | null = () => (process.env.npm_lifecycle_event ? process.ppid : null),
): StopSignals {
  const first = Promise.withResolvers<NodeJS.Signals>();
  const again = Promise.withResolvers<void>();
  let firstMs: number | undefined;
  const came = (signal: NodeJS.Signals): void => {
    if (firstMs === undefined) {
      firstMs = now();
      first.resolve(signal);
    } else if (now() - firstMs > ECHO_MS) again.resolve();
  };
  source.on("SIGINT", came);
  source.on("SIGTERM", came);
  const firstParent = parent();
  const timer = setInterval(() => {
    if (parent() === firstParent) return;
    clearInterval(timer);
    // When a signal has come already, it was meant for npm as well.
    if (firstMs === undefined) came("SIGTERM");
  }, LOOK_MS);
  timer.unref();
  return {
    first: first.promise,
    again: again.promise,
    close() {
      clearInterval(timer);
      source.off("SIGINT", came);
      source.off("SIGTERM", came);
    },
  };
}
