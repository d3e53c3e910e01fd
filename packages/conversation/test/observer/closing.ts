import type { Fact } from "../../src/facts/index.ts";
import { LATE_MS, STOP_MS } from "./in-time.ts";
import { type Ledger, must } from "./ledger.ts";

/** Closing comes once, then closed, and by then nothing is open. */
export function closing(ledger: Ledger, fact: Fact): void {
  switch (fact.type) {
    case "close-requested":
      ledger.askedAt ??= fact.at;
      return;
    case "call-recovered":
      ledger.recoveredAt = fact.at;
      ledger.exit.askedAt = null;
      return;
    case "call-closing":
      must(ledger.closing === "open", "closing-is-quiet", fact, "closing twice");
      if (fact.reason === "participant-left") {
        const until = ledger.emptySince + ledger.settings.closing.graceMs;
        must(ledger.people.size === 0 && fact.at >= until, "grace-is-kept", fact, `closing before ${until}`);
      }
      ledger.closing = "closing";
      ledger.closingSince = fact.at;
      return;
    case "exit-requested":
      nothingIsOpen(ledger, fact);
      must(ledger.exit.askedAt === null, "exit-before-closed", fact, "onExit is run twice in a process");
      must(!ledger.exit.over, "exit-before-closed", fact, "onExit is run again, and what it did is in the log");
      ledger.exit.askedAt = fact.at;
      return;
    case "context-updated":
    case "exit-finished":
      ledger.exit.over ||= ledger.exit.askedAt !== null;
      return;
    case "call-closed":
      nothingIsOpen(ledger, fact);
      must(exitIsOver(ledger, fact.at), "exit-before-closed", fact, "closed before onExit had its time");
      ledger.closing = "closed";
      return;
  }
}

function nothingIsOpen(ledger: Ledger, fact: Fact): void {
  must(ledger.closing === "closing", "closing-is-quiet", fact, "closed without closing");
  must(ledger.openTurns.size === 0, "closed-is-empty", fact, "a turn is open");
  must(ledger.committedTurns.size === 0, "closed-is-empty", fact, "a turn has no end");
  must(ledger.activeReplies.size === 0, "closed-is-empty", fact, "a reply has no end");
  must(ledger.current === null, "closed-is-empty", fact, "a reply is in the mouth");
  must(ledger.runningTools.size === 0, "closed-is-empty", fact, "a tool has no end");
}

function exitIsOver({ settings, exit }: Ledger, at: number): boolean {
  const { exitMs } = settings.closing;
  return exitMs === 0 || exit.over || (exit.askedAt !== null && at >= exit.askedAt + exitMs);
}

/** By when the call must be over, as things stand; null: it may go on. */
export function mustCloseBy(ledger: Ledger): number | null {
  const { settings, recoveredAt } = ledger;
  const { askedAt: exitAt } = ledger.exit;
  const closingSince = exitAt === null ? ledger.closingSince : exitAt + settings.closing.exitMs;
  let from: number | null = ledger.closing === "closing" ? closingSince : null;
  if (from === null && ledger.askedAt !== null) from = ledger.askedAt + settings.closing.farewellMs;
  if (ledger.closing === "open" && ledger.people.size === 0) {
    const waits = ledger.everJoined ? settings.closing.graceMs : settings.closing.joinMs;
    from = Math.min(from ?? Number.POSITIVE_INFINITY, ledger.emptySince + waits);
  }
  // Nothing can be decided while there is no process.
  return from === null ? null : Math.max(from, recoveredAt) + STOP_MS + LATE_MS;
}
