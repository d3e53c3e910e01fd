import { type Fact, isDecision } from "../../src/facts/index.ts";
import { type Ledger, must } from "./ledger.ts";

/** More decisions than this on one input are a storm. */
const MOST_PER_STEP = 60;

/** seq has no gap, time and epoch never go back, one input does not start an avalanche. */
export function order(ledger: Ledger, fact: Fact): void {
  must(ledger.closing !== "closed", "nothing-after-closed", fact, "a fact after call-closed");
  must(fact.seq === ledger.seq + 1, "log-in-order", fact, `seq ${fact.seq} follows ${ledger.seq}`);
  must(fact.at >= ledger.at, "log-in-order", fact, `time ${fact.at} follows ${ledger.at}`);
  const epoch = fact.type === "call-recovered" ? ledger.epoch + 1 : ledger.epoch;
  must(fact.epoch === epoch, "log-in-order", fact, `epoch ${fact.epoch} instead of ${epoch}`);
  if (fact.seq === 1) {
    must(fact.type === "call-started", "log-in-order", fact, "a log begins with call-started");
    ledger.callId = fact.callId;
  } else must(fact.type !== "call-started", "log-in-order", fact, "call-started within a log");
  must(fact.callId === ledger.callId, "log-in-order", fact, "another call's fact");
  ledger.decisionsOfStep = isDecision(fact) ? ledger.decisionsOfStep + 1 : 0;
  must(ledger.decisionsOfStep <= MOST_PER_STEP, "no-storm", fact, `${MOST_PER_STEP} decisions on one input`);
  ledger.seq = fact.seq;
  ledger.at = fact.at;
  ledger.epoch = fact.epoch;
}
