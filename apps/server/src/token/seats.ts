/** Between getting a token and being in the room. */
const JOINING_MS = 15_000;
const MAX_SEATS = 10_000;

interface Seat {
  issuedAtMs: number;
  /** Whether anybody was in the room when the token was given out. */
  roomWasEmpty: boolean;
}

export type SeatAnswer =
  | { free: true }
  | { free: false; why: "connected" }
  | { free: false; why: "joining"; retryAfterS: number };

/**
 * Whose identity is taken: LiveKit lets a second participant of the same identity throw the first one out, so a name
 * that somebody uses, or is about to use, is not given out again. A caller who was there and left may come back under
 * the same name at once: we know it by the room, which was empty when the token was made and is not any more.
 * Kept in memory, per server process.
 */
export class Seats {
  readonly #seats = new Map<string, Seat>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** `present`: the identities in the room now; null when there is no such room. */
  ask(room: string, identity: string, present: readonly string[] | null): SeatAnswer {
    const key = JSON.stringify([room, identity]);
    if (present?.includes(identity)) {
      this.#seats.delete(key);
      return { free: false, why: "connected" };
    }
    const seat = this.#seats.get(key);
    if (seat === undefined) return { free: true };
    const leftMs = seat.issuedAtMs + JOINING_MS - this.#now();
    const cameAndLeft = seat.roomWasEmpty && present !== null;
    if (leftMs <= 0 || cameAndLeft) return { free: true };
    return { free: false, why: "joining", retryAfterS: Math.ceil(leftMs / 1000) };
  }

  /** A token for this seat goes out now. */
  give(room: string, identity: string, present: readonly string[] | null): void {
    const key = JSON.stringify([room, identity]);
    this.#seats.delete(key);
    this.#seats.set(key, { issuedAtMs: this.#now(), roomWasEmpty: present === null });
    for (const [oldest, seat] of this.#seats) {
      if (this.#seats.size <= MAX_SEATS && seat.issuedAtMs + JOINING_MS > this.#now()) break;
      this.#seats.delete(oldest);
    }
  }
}
