import type { Fact, FactOf } from "@parley/conversation";
import { ParleyError } from "../error.ts";
import type { Clock, Participant } from "../ports/index.ts";
import { within } from "../remote/index.ts";
import type { Caller } from "./agent.ts";

/** The person whom the agent speaks with: the first who is no agent. */
export class FirstCaller {
  readonly #arrived = Promise.withResolvers<void>();
  #current: Caller | null = null;

  /** Null before anybody came. */
  get current(): Caller | null {
    return this.#current;
  }

  /** Somebody joined. True: it is the one who was waited for. */
  joined(participant: Participant): boolean {
    if (this.#current || participant.kind === "agent") return false;
    this.#current = participant;
    this.#arrived.resolve();
    return true;
  }

  /** Who it was, by the log of the process before. */
  recall(facts: readonly Fact[]): void {
    for (const fact of facts) if (fact.type === "participant-joined") this.joined(participantOf(fact));
  }

  /** @throws ParleyError `nobody-joined` after `joinMs`, `call-cancelled` when the call ends before. */
  arrived({ clock, signal, joinMs }: { clock: Clock; signal: AbortSignal; joinMs: number }): Promise<void> {
    return within(this.#arrived.promise, {
      clock,
      signal,
      timeoutMs: joinMs,
      timedOut: () =>
        new ParleyError(`Nobody joined within ${joinMs} ms`, { code: "nobody-joined", category: "timeout" }),
      cancelled: () => new ParleyError("The call is over", { code: "call-cancelled", category: "cancelled" }),
    });
  }
}

function participantOf({ participantId, name, kind, metadata, attributes }: FactOf<"participant-joined">): Participant {
  return { participantId, name, kind, metadata, attributes };
}
