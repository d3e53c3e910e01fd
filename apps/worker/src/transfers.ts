import type { Backend, OrderResult } from "./backend.ts";
import type { FromShard, ToShard } from "./messages.ts";
import type { Slots } from "./slots.ts";

/** The server asks the call's own worker, and waits for an agent to be made ready. */
const ASK_MS = 25_000;

/** Agents that calls here want and their process has not: the server knows where they are. */
export interface Transfers {
  asked(shardId: number, question: Extract<FromShard, { type: "transfer-wanted" }>): void;
}

export function createTransfers(options: {
  send(shardId: number, message: ToShard): void;
  slots: Pick<Slots, "find">;
  backend(): Backend | null;
}): Transfers {
  async function ask({ jobId, wanted }: Extract<FromShard, { type: "transfer-wanted" }>): Promise<OrderResult> {
    const slot = options.slots.find(jobId);
    const server = options.backend();
    if (!slot) return { ok: false, reason: "call-over" };
    if (!server)
      return {
        ok: false,
        reason: "agent-not-found",
        detail: "Other agents than its colleagues need a server: set BACKEND_URL.",
      };
    return server.transfer({ callId: slot.callId, ...wanted }, ASK_MS);
  }

  return {
    asked(shardId, question) {
      const tell = (result: OrderResult): void =>
        options.send(shardId, { type: "transfer-answer", askId: question.askId, result });
      ask(question).then(tell, (error: unknown) => tell({ ok: false, reason: "no-answer", detail: String(error) }));
    },
  };
}
