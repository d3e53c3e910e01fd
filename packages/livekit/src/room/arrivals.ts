import type { Clock } from "@parley/engine";

export interface ArrivalsOptions {
  everyMs: number;
  /** A voice sends at least a packet every 400 ms, even when it is silent (Opus DTX). */
  stalledAfterMs: number;
  clock: Clock;
  onChange(participantId: string, isStalled: boolean): void;
}

interface Watched {
  participantId: string;
  /** Null when it cannot be known. */
  count: () => Promise<number | null>;
  last: number;
  movedAt: number;
  muted: boolean;
  stalled: boolean;
}

/**
 * Notices within two seconds that nothing comes from somebody any more. The decoder goes on making up silence, and the
 * server says so only after five to ten seconds, or when it gives the participant up after twenty.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #watched = new Map<string, Watched>();
  /** Their track ended while it was stalled: mostly the server giving them up. A new track of theirs brings them back. */
  readonly #stalledBefore = new Set<string>();
  #stop: (() => void) | null = null;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  watch(participantId: string, trackId: string, muted: boolean, count: () => Promise<number | null>): void {
    const movedAt = this.#options.clock.now();
    this.#watched.set(trackId, { participantId, count, last: 0, movedAt, muted, stalled: false });
    this.#arm();
  }

  mute(trackId: string, muted: boolean): void {
    const watched = this.#watched.get(trackId);
    if (!watched) return;
    watched.muted = muted;
    watched.movedAt = this.#options.clock.now();
  }

  forget(trackId: string): void {
    const watched = this.#watched.get(trackId);
    this.#watched.delete(trackId);
    if (watched?.stalled) this.#stalledBefore.add(watched.participantId);
  }

  close(): void {
    this.#watched.clear();
    this.#stalledBefore.clear();
    this.#stop?.();
    this.#stop = null;
  }

  #arm(): void {
    if (this.#stop || this.#watched.size === 0) return;
    this.#stop = this.#options.clock.after(this.#options.everyMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    await Promise.all([...this.#watched].map(([trackId, watched]) => this.#check(trackId, watched)));
    this.#stop = null;
    this.#arm();
  }

  async #check(trackId: string, watched: Watched): Promise<void> {
    const count = await watched.count();
    if (this.#watched.get(trackId) !== watched || count === null) return;
    const now = this.#options.clock.now();
    if (count !== watched.last || watched.muted) {
      watched.last = count;
      watched.movedAt = now;
      if (count > 0 && this.#stalledBefore.delete(watched.participantId)) {
        this.#options.onChange(watched.participantId, false);
      }
    }
    // Before the first packet there is nothing that could have stalled.
    const stalled = watched.last > 0 && now - watched.movedAt >= this.#options.stalledAfterMs;
    if (stalled === watched.stalled) return;
    watched.stalled = stalled;
    this.#options.onChange(watched.participantId, stalled);
  }
}
