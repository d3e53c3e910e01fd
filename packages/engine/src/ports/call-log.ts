import type { Fact } from "@parley/conversation";

/** Where a call's facts go. `append` returns when they would survive the death of this process. */
export interface CallLog {
  /** All or none, in order. Throws ParleyError (`log-full`, `log-write-failed`, `log-closed`). */
  append(facts: readonly Fact[]): void;
  /** Idempotent. */
  close(): void;
}
