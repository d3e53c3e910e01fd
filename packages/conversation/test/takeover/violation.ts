/** What must hold however owners, machines, lines and the server fail. */
export type LogInvariant =
  /** The server's log has every seq from 1 on, once. */
  | "gap-free"
  /** Along the log the epoch never falls; nothing older is stored once a newer owner's facts are. */
  | "stale-writer"
  /** Two processes never write as the same owner. */
  | "one-writer"
  /** Every file can be sent to its end: it goes on where the server's log ends. */
  | "ships-whole"
  /** What the server confirmed is in its log, unless its writer had been replaced before. */
  | "acked-is-kept"
  /** After quiet the server's log is what the last owner saw. */
  | "owner-agrees"
  /** The log gives the last owner's state. */
  | "recovery-agrees"
  /** Every committed turn ends once. */
  | "turn-ends-once"
  /** A tool is started once; one that does something and was under way when its process died is never run again. */
  | "tool-starts-once"
  /** With one machine alive and the line and the server back, the call goes on to its end. */
  | "call-ends";

export class LogViolation extends Error {
  readonly invariant: LogInvariant;

  constructor(invariant: LogInvariant, message: string) {
    super(`${invariant}: ${message}`);
    this.name = "LogViolation";
    this.invariant = invariant;
  }
}
