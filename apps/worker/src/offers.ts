import type { CallContext, Clock } from "@parley/engine";
import type { JobOffer } from "@parley/livekit";
import type { FromShard, ToShard } from "./messages.ts";

/** A caller waits meanwhile. */
const ACCEPT_MS = 5_000;

type Answer = { accept: boolean; reason: string };

/** Not the author's word: another shard might have taken it. */
export const SHARD_ENDED: Answer = { accept: false, reason: "the shard ended" };

/** Questions to the agent's own `accept`, which runs in the shard that would take the call. */
export interface Offers {
  ask(shardId: number, question: { offer: JobOffer; callId: string; context: CallContext }): Promise<Answer>;
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

  return {
    ask(shardId, question) {
      const offerId = ++lastOfferId;
      return new Promise((resolve) => {
        const cancel = clock.after(ACCEPT_MS, () => settle({ accept: false, reason: "accept did not answer in 5 s" }));
        const settle = (answer: Answer): void => {
          cancel();
          open.delete(offerId);
          resolve(answer);
        };
        open.set(offerId, { shardId, settle });
        send(shardId, { type: "offer", offerId, ...question });
      });
    },
    answered: ({ offerId, accept, reason }) => open.get(offerId)?.settle({ accept, reason }),
    shardGone: (shardId) => refuseAll((of) => of === shardId, SHARD_ENDED.reason),
    close: () => refuseAll(() => true, "the worker is closing"),
  };
}
