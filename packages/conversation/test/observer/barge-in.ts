import type { Fact } from "../../src/facts/index.ts";
import { LATE_MS } from "./in-time.ts";
import { type Ledger, must, type ReplyEntry } from "./ledger.ts";
import { isInterruptible } from "./settled.ts";

/** Two steps: ducked at once; then stopped when the speech lasts, or back to full gain when it does not. */
export function bargeIn(ledger: Ledger, fact: Fact): void {
  const { current } = ledger;
  switch (fact.type) {
    case "reply-ducked":
    case "reply-stopped": {
      const reply = ledger.replies.get(fact.replyId);
      const uncalled = fact.type === "reply-stopped" && fact.reason !== "interrupted";
      if (reply && !uncalled)
        must(isInterruptible(ledger, reply), "barge-in", fact, `${fact.replyId} is not to be interrupted`);
      return;
    }
    default:
      // While there was no process nobody could decide.
      if (current?.phase === "ducked" && ledger.lastInput?.type !== "call-recovered") ducked(ledger, current, fact);
  }
}

function ducked(ledger: Ledger, current: ReplyEntry, fact: Fact): void {
  const { interruption, bounds } = ledger.settings;
  let since: number | null = null;
  let lastVoiceMs = Math.max(ledger.lastVoiceMs, current.phaseSince);
  for (const { speakingSinceMs } of ledger.people.values()) {
    if (speakingSinceMs === null) continue;
    const noiseFrom = speakingSinceMs + bounds.turnMs;
    if (noiseFrom > fact.at) since = Math.min(since ?? Number.POSITIVE_INFINITY, speakingSinceMs);
    else lastVoiceMs = Math.max(lastVoiceMs, noiseFrom);
  }
  if (since === null) {
    const quietMs = fact.at - lastVoiceMs;
    must(quietMs <= interruption.duckMs + LATE_MS, "barge-in", fact, `${current.replyId} is ducked for ${quietMs} ms`);
  } else if (interruption.policy === "length") {
    const spokenMs = fact.at - Math.max(since, current.phaseSince);
    must(spokenMs <= interruption.minSpeechMs + LATE_MS, "barge-in", fact, `${current.replyId} is not paused`);
  }
}
