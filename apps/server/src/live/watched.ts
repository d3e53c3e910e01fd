import type { Clock } from "@parley/engine";

/** A worker tells what is being understood in a call for so long after it was asked; long before, it is asked again. */
const WATCH_MS = 30_000;
const AGAIN_MS = 20_000;
/** Nobody has the call, or who has it did not answer. */
const RETRY_MS = 2_000;

/** Asks the workers of calls that somebody watches here to tell what is not stored. */
export interface WatchedCalls {
  begin(callId: string): void;
  end(callId: string): void;
  close(): void;
}

export function watchedCalls(options: {
  /** False: it was not heard. Never rejects. */
  ask(callId: string, forMs: number): Promise<boolean>;
  clock: Clock;
}): WatchedCalls {
  const waiting = new Map<string, () => void>();

  async function ask(callId: string): Promise<void> {
    const isHeard = await options.ask(callId, WATCH_MS);
    if (!waiting.has(callId)) return;
    waiting.get(callId)?.();
    waiting.set(
      callId,
      options.clock.after(isHeard ? AGAIN_MS : RETRY_MS, () => void ask(callId)),
    );
  }

  function end(callId: string): void {
    waiting.get(callId)?.();
    waiting.delete(callId);
  }

  return {
    begin(callId) {
      if (waiting.has(callId)) return;
      waiting.set(callId, () => {});
      void ask(callId);
    },
    end,
    close() {
      for (const callId of [...waiting.keys()]) end(callId);
    },
  };
}
