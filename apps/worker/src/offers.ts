import type { CallContext, Clock } from "@parley/engine";
import type { JobOffer } from "@parley/livekit";
import type { Arrival, FromShard, ToShard } from "./messages.ts";

/** A caller waits meanwhile. */
const ACCEPT_MS = 5_000;
/** For a stored agent to be made ready; the server waits longer. */
const MAKE_MS = 12_000;

type Answer = { accept: boolean; reason: string };

/** Not the author's word: another shard might have taken it. */
export const SHARD_ENDED: Answer = { accept: false, reason: "the shard ended" };

/** Questions to the agent's own `accept`, which runs in the shard that would take the call. */
export interface Offers {
  ask(shardId: number, question: { offer: JobOffer; callId: string; context: CallContext }): Promise<Answer>;
  /** Whether the agent could go on with a call that another one has; it may have to be made ready. `reason` is a code. */
  askArrival(shardId: number, arrival: Arrival): Promise<Answer>;
  answered(message: Extract<FromShard, { type: "offer-answer" }>): void;
  shardGone(shardId: number): void;
  close(): void;
}

export function createOffers(clock: Clock, send: (shardId: number, message: ToShard) => void): Offers {
  const open = new Map<number, { shardId: number; settle(answer: Answer): void }>();
  let lastOfferId = 0;

  function refuseAll(match: (shardId: number) => boolean, reason: string): void {
    for (const question of [...open.values()]) if (match(question.shardId)) question.settle({ accept: false, reason });
  }

  function put(shardId: number, withinMs: number, late: string, message: (offerId: number) => ToShard) {
    const offerId = ++lastOfferId;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const cancel = clock.after(withinMs, () => settle({ accept: false, reason: late }));
    const settle = (answer: Answer): void => {
      cancel();
      open.delete(offerId);
      resolve(answer);
    };
    open.set(offerId, { shardId, settle });
    send(shardId, message(offerId));
    return promise;
  }

  return {
    ask: (shardId, question) =>
      put(shardId, ACCEPT_MS, "accept did not answer in 5 s", (offerId) => ({ type: "offer", offerId, ...question })),
    askArrival: (shardId, arrival) =>
      put(shardId, MAKE_MS, "agent-not-ready", (offerId) => ({ type: "arrival", offerId, ...arrival })),
    answered: ({ offerId, accept, reason }) => open.get(offerId)?.settle({ accept, reason }),
    shardGone: (shardId) => refuseAll((of) => of === shardId, SHARD_ENDED.reason),
    close: () => refuseAll(() => true, "the worker is closing"),
  };
}
