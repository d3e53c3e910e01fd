/** The published invariants (docs/invariants.md), by name. */
export const invariants = [
  "log-in-order",
  "turn-ends-once",
  "turn-ends-in-time",
  "reply-ends-once",
  "reply-ends-in-time",
  "turn-says-what-was-said",
  "people-are-heard",
  "barge-in",
  "muted-is-silent",
  "recorded-with-consent",
  "heard-by-somebody",
  "said-once",
  "silence-after-stop",
  "one-voice",
  "floor-is-free",
  "history-is-what-was-heard",
  "speculation-waits",
  "tool-starts-once",
  "tool-ends-once",
  "effects-only-when-approved",
  "effects-are-remembered",
  "only-people-are-heard",
  "away-when-quiet",
  "closing-is-quiet",
  "nothing-after-closed",
  "closed-is-empty",
  "exit-before-closed",
  "call-ends",
  "grace-is-kept",
  "no-failure-without-fault",
  "no-storm",
  "replay-agrees",
  "log-is-readable",
  "state-is-the-log",
  "recovery-agrees",
  "taken-up-again",
] as const;
export type Invariant = (typeof invariants)[number];

/** An invariant that a call broke. */
export class Violation extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string) {
    super(`${invariant}: ${message}`);
    this.name = "Violation";
    this.invariant = invariant;
  }
}
