import type { Clock } from "@parley/engine";
import type { JobOffer } from "./job.ts";

interface Pending {
  job: JobOffer;
  identity: string;
  cancel: () => void;
}

/** Offers that were accepted and not yet assigned: each holds a slot, and gives it back when no assignment comes. */
export class Assignments {
  readonly #pending = new Map<string, Pending>();
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onLost: (job: JobOffer, reason: string) => void;

  constructor(clock: Clock, timeoutMs: number, onLost: (job: JobOffer, reason: string) => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onLost = onLost;
  }

  accepted(job: JobOffer, identity: string): void {
    this.take(job.jobId);
    const cancel = this.#clock.after(this.#timeoutMs, () =>
      this.#lose(job.jobId, `LiveKit sent no assignment within ${this.#timeoutMs} ms`),
    );
    this.#pending.set(job.jobId, { job, identity, cancel });
  }

  /** The accepted offer of this job, which is pending no longer; null when there is none (any more). */
  take(jobId: string): { job: JobOffer; identity: string } | null {
    const pending = this.#pending.get(jobId);
    if (!pending) return null;
    pending.cancel();
    this.#pending.delete(jobId);
    return pending;
  }

  loseAll(reason: string): void {
    for (const jobId of [...this.#pending.keys()]) this.#lose(jobId, reason);
  }

  #lose(jobId: string, reason: string): void {
    const pending = this.take(jobId);
    if (pending) this.#onLost(pending.job, reason);
  }
}
