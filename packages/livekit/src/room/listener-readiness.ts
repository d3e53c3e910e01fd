import type { Clock } from "@parley/engine";
import type { Log } from "../log.ts";

export interface ListenerReadinessOptions {
  /** What a newcomer needs to subscribe once somebody has: LiveKit tells a publisher of the first subscriber only. */
  settleMs: number;
  /** When nothing was said of a subscriber by then, people are taken to hear. */
  fallbackMs: number;
  clock: Clock;
  log: Log;
  onReady(participantId: string): void;
}

interface Listener {
  joinedAt: number;
  cancel: () => void;
}

/** Knows from when on each person can hear the agent. */
export class ListenerReadiness {
  readonly #options: ListenerReadinessOptions;
  /** Those of whom it is not known yet. */
  readonly #waiting = new Map<string, Listener>();
  #everSubscribed = false;

  constructor(options: ListenerReadinessOptions) {
    this.#options = options;
  }

  joined(participantId: string): void {
    const { clock, settleMs, fallbackMs, log } = this.#options;
    this.left(participantId);
    const cancel = this.#everSubscribed
      ? clock.after(settleMs, () => this.#ready(participantId))
      : clock.after(fallbackMs, () => {
          log.warn({ participantId, fallbackMs }, "nobody was reported to have subscribed: speaking anyway");
          this.#ready(participantId);
        });
    this.#waiting.set(participantId, { joinedAt: clock.now(), cancel });
  }

  left(participantId: string): void {
    this.#waiting.get(participantId)?.cancel();
    this.#waiting.delete(participantId);
  }

  /** Somebody has subscribed: the only person there, else those who had the time to. */
  trackSubscribed(): void {
    const { clock, settleMs } = this.#options;
    this.#everSubscribed = true;
    const alone = this.#waiting.size === 1;
    for (const [participantId, listener] of [...this.#waiting]) {
      const remainingMs = alone ? 0 : listener.joinedAt + settleMs - clock.now();
      listener.cancel();
      if (remainingMs <= 0) this.#ready(participantId);
      else listener.cancel = clock.after(remainingMs, () => this.#ready(participantId));
    }
  }

  close(): void {
    for (const participantId of [...this.#waiting.keys()]) this.left(participantId);
  }

  #ready(participantId: string): void {
    if (this.#waiting.delete(participantId)) this.#options.onReady(participantId);
  }
}
