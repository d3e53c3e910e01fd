import { type Fact, isDecision } from "../../src/facts/index.ts";
import type { Settings } from "../../src/settings.ts";
import { bargeIn } from "./barge-in.ts";
import { closing } from "./closing.ts";
import { inTime, moved } from "./in-time.ts";
import { type Ledger, newLedger } from "./ledger.ts";
import { muted, settledMuted } from "./muted.ts";
import { order } from "./order.ts";
import { people } from "./people.ts";
import { recording } from "./recording.ts";
import { replies } from "./replies.ts";
import { settled } from "./settled.ts";
import { tools } from "./tools.ts";
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
      if (ledger.lastInput) {
        settled(ledger, ledger.lastInput);
        settledMuted(ledger, ledger.lastInput);
      }
      ledger.lastInput = fact;
    }
    inTime(ledger, fact);
    order(ledger, fact);
    people(ledger, fact);
    muted(ledger, fact);
    turns(ledger, fact);
    tools(ledger, fact);
    replies(ledger, fact);
    recording(ledger, fact);
    bargeIn(ledger, fact);
    closing(ledger, fact);
    moved(ledger, fact);
  }
}
