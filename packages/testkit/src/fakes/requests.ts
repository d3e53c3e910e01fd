import { type Clock, ParleyError } from "@parley/engine";

/** What a fake was asked, and how that ended. */
export interface FakeRequest<R> {
  readonly request: R;
  readonly startedAtMs: number;
  /** Null while it is open: a test for leaks looks for these. */
  endedAtMs: number | null;
  outcome: "open" | "done" | "failed" | "cancelled" | "abandoned";
}

/** The book a fake keeps. */
export class Requests<R> {
  readonly all: FakeRequest<R>[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Requests that have not ended. */
  get open(): number {
    return this.all.filter((entry) => entry.outcome === "open").length;
  }

  begin(request: R): FakeRequest<R> {
    const entry: FakeRequest<R> = { request, startedAtMs: this.#clock.now(), endedAtMs: null, outcome: "open" };
    this.all.push(entry);
    return entry;
  }

  /** The first end counts. */
  end(entry: FakeRequest<R>, outcome: "done" | "abandoned" | { error: unknown }): void {
    if (entry.outcome !== "open") return;
    entry.endedAtMs = this.#clock.now();
    if (typeof outcome === "string") entry.outcome = outcome;
    else entry.outcome = isCancelled(outcome.error) ? "cancelled" : "failed";
  }
}

export function isCancelled(error: unknown): boolean {
  return error instanceof ParleyError && error.category === "cancelled";
}
