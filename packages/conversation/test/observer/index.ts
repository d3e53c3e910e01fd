import { type Fact, isDecision } from "../../src/facts/index.ts";
import type { Settings } from "../../src/settings.ts";
import { Violation } from "../violation.ts";
import { closing } from "./closing.ts";
import { heldForNothing, inTime, moved } from "./in-time.ts";
import { type Ledger, newLedger } from "./ledger.ts";
import { order } from "./order.ts";
import { people } from "./people.ts";
import { replies } from "./replies.ts";
import { orphanOf, tools } from "./tools.ts";
import { turns } from "./turns.ts";

export { mustCloseBy } from "./closing.ts";
export type { Ledger } from "./ledger.ts";

/** Reads a log fact by fact and throws a Violation at the first that breaks an invariant. Knows nothing of the rules. */
export class Observer {
  readonly ledger: Ledger;

  constructor(settings: Settings) {
    this.ledger = newLedger(settings);
  }

  see(fact: Fact): void {
    const { ledger } = this;
    if (!isDecision(fact)) {
      const held = heldForNothing(ledger);
      if (held)
        throw new Violation("reply-ends-in-time", `${held.replyId} is paused for nothing (before seq ${fact.seq})`);
    }
    if (!isDecision(fact)) {
      const orphan = orphanOf(ledger);
      if (orphan) throw new Violation("tool-ends-once", `${orphan.toolCallId} goes on without its reply (before seq ${fact.seq})`);
    }
    inTime(ledger, fact);
    order(ledger, fact);
    people(ledger, fact);
    turns(ledger, fact);
    tools(ledger, fact);
    replies(ledger, fact);
    closing(ledger, fact);
    moved(ledger, fact);
  }
}
