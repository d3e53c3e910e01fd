import type { Clock } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";

/** The part of a remote publication that subscribing needs. */
export interface Subscribable {
  setSubscribed(subscribed: boolean): void;
}

export interface SubscriptionsOptions {
  /** Tries after the first one. */
  retries: number;
  /** A subscription that has not come by then has failed. */
  timeoutMs: number;
  retryDelayMs: number;
  clock: Clock;
  log: Log;
  onFailed(participantId: string, track: { trackId: string; attempts: number; message: string }): void;
}

interface Attempt {
  participantId: string;
  publication: Subscribable;
  attempts: number;
  cancel: () => void;
}

/** Subscribes to tracks one by one, tries again when that fails, and says so when it fails for good. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #open = new Map<string, Attempt>();
  #closed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  want(participantId: string, trackId: string, publication: Subscribable): void {
    const attempt = this.#begin(participantId, trackId, publication);
    if (attempt) this.#try(trackId, attempt);
  }

  /** The server gives it to us of its own accord: asked for only when it does not come. */
  expect(participantId: string, trackId: string, publication: Subscribable): void {
    const attempt = this.#begin(participantId, trackId, publication);
    if (attempt) this.#await(trackId, attempt);
  }

  /** We had it, and it is gone though it is still published: the server may believe that we have it. */
  renew(participantId: string, trackId: string, publication: Subscribable): void {
    const attempt = this.#begin(participantId, trackId, publication);
    if (attempt) this.#tryAnew(trackId, attempt, this.#options.retryDelayMs);
  }

  /** It came, or is not wanted any more. */
  settle(trackId: string): void {
    this.#open.get(trackId)?.cancel();
    this.#open.delete(trackId);
  }

  /** The server said no. */
  failed(trackId: string, message: string): void {
    const attempt = this.#open.get(trackId);
    if (!attempt) return;
    attempt.cancel();
    const { retries, retryDelayMs, log } = this.#options;
    log.warn({ trackId, attempts: attempt.attempts, error: message }, "could not subscribe to a track");
    if (attempt.attempts > retries) {
      this.#open.delete(trackId);
      this.#options.onFailed(attempt.participantId, { trackId, attempts: attempt.attempts, message });
      return;
    }
    this.#tryAnew(trackId, attempt, retryDelayMs * attempt.attempts);
  }

  /** We are back in the room after a full reconnect: what was asked for meanwhile did not reach the server. */
  again(): void {
    for (const [trackId, attempt] of [...this.#open]) {
      attempt.cancel();
      // What was lost on the way is no failure of the track's. Where it was not lost, to ask twice changes nothing.
      attempt.attempts = 0;
      this.#try(trackId, attempt);
    }
  }

  /** For good. */
  close(): void {
    this.#closed = true;
    for (const trackId of [...this.#open.keys()]) this.settle(trackId);
  }

  #begin(participantId: string, trackId: string, publication: Subscribable): Attempt | null {
    this.settle(trackId);
    if (this.#closed) return null;
    const attempt = { participantId, publication, attempts: 0, cancel: () => {} };
    this.#open.set(trackId, attempt);
    return attempt;
  }

  /**
   * The server compares what is wanted with what is: a no that is followed by a yes at once is nothing to it, while the
   * native library has dropped the track with the no, and we are deaf to it for good. So the no gets its time.
   */
  #tryAnew(trackId: string, attempt: Attempt, delayMs: number): void {
    try {
      attempt.publication.setSubscribed(false);
    } catch {
      // The next try tells.
    }
    attempt.cancel = this.#options.clock.after(delayMs, () => this.#try(trackId, attempt));
  }

  #await(trackId: string, attempt: Attempt): void {
    const { timeoutMs, clock } = this.#options;
    attempt.attempts++;
    attempt.cancel = clock.after(timeoutMs, () => this.failed(trackId, `no audio track within ${timeoutMs} ms`));
  }

  #try(trackId: string, attempt: Attempt): void {
    this.#await(trackId, attempt);
    try {
      attempt.publication.setSubscribed(true);
    } catch (error) {
      this.failed(trackId, messageOf(error));
    }
  }
}
