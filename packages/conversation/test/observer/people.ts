import type { Fact } from "../../src/facts/index.ts";
import { type Ledger, must, someoneIsThere, someoneSpeaks } from "./ledger.ts";

/** Who is there and can hear; away is said only when it is quiet, and taken back once. */
export function people(ledger: Ledger, fact: Fact): void {
  switch (fact.type) {
    case "participant-joined": {
      if (fact.kind === "agent") return;
      const before = ledger.people.get(fact.participantId);
      if (!before?.present) ledger.people.set(fact.participantId, { present: true, ready: false, speakingSinceMs: null });
      ledger.everJoined = true;
      return;
    }
    case "participant-left": {
      const person = ledger.people.get(fact.participantId);
      if (!person?.present) return;
      ledger.people.delete(fact.participantId);
      if (!someoneIsThere(ledger)) ledger.emptySince = fact.at;
      return;
    }
    case "listener-ready": {
      const person = ledger.people.get(fact.participantId);
      if (person) person.ready = true;
      return;
    }
    case "speech-started":
    case "speech-ended": {
      const person = ledger.people.get(fact.participantId);
      if (person) person.speakingSinceMs = fact.type === "speech-started" ? fact.startMs : null;
      return;
    }
    case "call-recovered":
      ledger.people.clear();
      ledger.emptySince = fact.at;
      return;
    case "user-away":
      must(!someoneSpeaks(ledger), "away-when-quiet", fact, "somebody speaks");
      must(someoneIsThere(ledger), "away-when-quiet", fact, "nobody is there to be away");
      must(ledger.openTurns.size + ledger.committedTurns.size === 0, "away-when-quiet", fact, "a turn is under way");
      must(ledger.activeReplies.size === 0, "away-when-quiet", fact, "a reply is under way");
      ledger.isAway = true;
      return;
    case "user-back":
      must(ledger.isAway, "away-when-quiet", fact, "back without having been away");
      ledger.isAway = false;
      return;
  }
}
