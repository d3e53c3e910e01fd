import type { TransferWanted } from "@parley/engine";
import { ParleyError } from "@parley/engine/error";
import type { OrderResult } from "../backend.ts";
import type { FromShard, ToShard } from "../messages.ts";

/** Agents elsewhere, which the supervisor finds: it has the line to the server. */
export function askForTransfer(tell: (message: FromShard) => void): {
  /** Resolves when the other agent has the call, or is there to get it. Rejects with ParleyError. */
  ask(jobId: string, wanted: TransferWanted): Promise<void>;
  answered(answer: Extract<ToShard, { type: "transfer-answer" }>): void;
  /** Nobody answers any more. */
  lost(): void;
} {
  const waiting = new Map<number, (result: OrderResult) => void>();
  let count = 0;
  return {
    async ask(jobId, { by: _by, ...wanted }) {
      const askId = ++count;
      const { promise, resolve } = Promise.withResolvers<OrderResult>();
      waiting.set(askId, resolve);
      tell({ type: "transfer-wanted", askId, jobId, wanted });
      const { ok, reason, detail } = await promise;
      if (ok) return;
      const message = detail ?? `The agent ${wanted.agentId} cannot go on with the call: ${reason}.`;
      throw new ParleyError(message, { code: reason, category: "refused" });
    },
    answered({ askId, result }) {
      waiting.get(askId)?.(result);
      waiting.delete(askId);
    },
    lost() {
      for (const settle of waiting.values())
        settle({
          ok: false,
          reason: "agent-not-found",
          detail: "The worker's supervisor is gone: only colleagues are here.",
        });
      waiting.clear();
    },
  };
}
