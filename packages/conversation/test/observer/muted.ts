import type { Fact } from "../../src/facts/index.ts";
import { type Ledger, must, turnOfReply } from "./ledger.ts";

/** Muted, the agent prepares nothing and begins nothing. */
export function muted(ledger: Ledger, fact: Fact): void {
  if (fact.type === "mute-changed") ledger.isMuted = fact.muted;
  if (!ledger.isMuted) return;
  const speaks = fact.type === "reply-requested" || fact.type === "reply-released" || fact.type === "reply-resumed";
  must(!speaks, "muted-is-silent", fact, "the agent is muted");
}

/** Once a step has settled: what sounded is being stopped, and nobody waits for an answer but to that. */
export function settledMuted(ledger: Ledger, input: Fact): void {
  if (!ledger.isMuted) return;
  const { current } = ledger;
  for (const reply of ledger.activeReplies)
    must(reply.phase === "stopping", "muted-is-silent", input, `${reply.replyId} is ${reply.phase} while muted`);
  for (const turn of ledger.committedTurns)
    must(
      current !== null && turnOfReply(ledger, current) === turn,
      "muted-is-silent",
      input,
      `${turn.turnId} waits for an answer while muted`,
    );
}
