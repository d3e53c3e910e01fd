import type { Fact } from "../../src/facts/index.ts";
import { type Ledger, must, someoneSpeaks } from "./ledger.ts";

const REJOIN_MS = 10_000;

/** Who is there and can hear; away is said only when it is quiet, and taken back once. */
export function people(ledger: Ledger, fact: Fact): void {
  switch (fact.type) {
    case "participant-joined":
      if (fact.kind === "agent") return;
      ledger.everJoined = true;
      if (!ledger.people.has(fact.participantId)) ledger.people.set(fact.participantId, { speakingSinceMs: null });
      return;
    case "participant-left":
      ledger.ready.delete(fact.participantId);
      if (ledger.people.delete(fact.participantId) && ledger.people.size === 0) ledger.emptySince = fact.at;
      return;
    case "listener-ready":
      ledger.ready.add(fact.participantId);
      return;
    case "speech-started":
    case "speech-ended": {
      const person = ledger.people.get(fact.participantId);
      if (!person) return;
      person.speakingSinceMs =
        fact.type === "speech-started" ? Math.max(fact.startMs, person.speakingSinceMs ?? 0) : null;
      return;
    }
    case "call-recovered":
      ledger.people.clear();
      ledger.ready.clear();
      // The new process must get back into the room first.
      ledger.emptySince = fact.at + REJOIN_MS;
      return;
    case "user-away":
      must(!someoneSpeaks(ledger), "away-when-quiet", fact, "somebody speaks");
      must(ledger.people.size > 0, "away-when-quiet", fact, "nobody is there to be away");
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
