/**
 * npm and shells hand a terminal's Ctrl-C on to a process that has had it already: a second signal within this time is
 * the first one's echo, not a person who has lost patience.
 */
const ECHO_MS = 500;

export interface StopSignals {
  /** SIGINT or SIGTERM has come. */
  readonly first: Promise<NodeJS.Signals>;
  /** It came again: whatever still goes on, end it. */
  readonly again: Promise<void>;
  /** Signals do what they did before. Idempotent. */
  close(): void;
}

/** Listens for the signals that ask a program to stop, in place of being ended by them. */
export function stopSignals(source: NodeJS.EventEmitter = process, now: () => number = Date.now): StopSignals {
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
  return {
    first: first.promise,
    again: again.promise,
    close() {
      source.off("SIGINT", came);
      source.off("SIGTERM", came);
    },
  };
}
