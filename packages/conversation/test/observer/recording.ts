import type { Fact } from "../../src/facts/index.ts";
import { type Ledger, must } from "./ledger.ts";

/** Where the caller is to be asked, nothing is recorded before he has agreed: to the question, once it was being said. */
export function recording(ledger: Ledger, fact: Fact): void {
  const seen = ledger.recording;
  switch (fact.type) {
    case "recording-answered":
      seen.agreed = fact.agreed;
      return;
    case "playback-started":
      if (ledger.replies.get(fact.replyId)?.cause.kind === "recording") seen.asked = true;
      return;
    case "turn-skipped":
      if (fact.reason !== "consent") return;
      must(seen.now === "asking" && seen.asked, "recorded-with-consent", fact, "nobody was asked");
      seen.agreed = /\b(?:yes|ok|okay|sure)\b/i.test(ledger.lastCommittedText);
      return;
    case "recording-changed": {
      const { mode } = ledger.settings.recording;
      const isAllowed = fact.to !== "on" || mode === "on" || (mode === "ask" && seen.agreed);
      must(isAllowed, "recorded-with-consent", fact, `recorded with the mode ${mode}, and no yes`);
      must(fact.to !== seen.now, "recorded-with-consent", fact, `it is ${fact.to} already`);
      seen.now = fact.to;
      return;
    }
  }
}
