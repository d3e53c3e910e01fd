import type { Clock } from "@parley/engine";
import type { OrderResult } from "./backend.ts";
import type { CallOrder, FromShard, ToShard } from "./messages.ts";

/** The server waits 5 s for the answer to a command, and longer for some. */
const ANSWER_MS = 4_000;
/** A stored agent is made ready with its first call. */
const MAKE_MS = 15_000;

function answerMs(order: CallOrder): number {
  if (order.name === "hear") return ANSWER_MS + order.withinMs;
  return order.name === "change-agent" ? ANSWER_MS + MAKE_MS : ANSWER_MS;
}

/** Orders for calls, given to the shards that run them. */
export interface GivenOrders {
  /** Never rejects; `no-answer` and `shard-ended` say nothing about whether it was followed. */
  give(shardId: number, jobId: string, order: CallOrder): Promise<OrderResult>;
  answered(message: Extract<FromShard, { type: "order-answer" }>): void;
  shardGone(shardId: number): void;
}

export function createGivenOrders(clock: Clock, send: (shardId: number, message: ToShard) => void): GivenOrders {
  const open = new Map<number, { shardId: number; settle(result: OrderResult): void }>();
  let lastOrderId = 0;

  return {
    give(shardId, jobId, order) {
      const orderId = ++lastOrderId;
      return new Promise((resolve) => {
        const cancel = clock.after(answerMs(order), () => settle({ ok: false, reason: "no-answer" }));
        const settle = (result: OrderResult): void => {
          cancel();
          open.delete(orderId);
          resolve(result);
        };
        open.set(orderId, { shardId, settle });
        send(shardId, { type: "order", orderId, jobId, order });
      });
    },
    answered: ({ orderId, result }) => open.get(orderId)?.settle(result),
    shardGone(shardId) {
      for (const order of [...open.values()])
        if (order.shardId === shardId) order.settle({ ok: false, reason: "shard-ended" });
    },
  };
}
