import { randomUUID } from "node:crypto";
import type { Command } from "../messages.ts";

/** `line-lost` and `no-answer` say nothing about whether the order was followed. */
export interface OrderResult {
  ok: boolean;
  /** Why not, or the worker's own word. */
  reason: string;
  /** For a person: what to do about it. */
  detail?: string;
}

/** Orders that wait for a worker's answer. */
export interface Orders {
  give(command: Omit<Command, "commandId">, withinMs: number): Promise<OrderResult>;
  answered(commandId: string, result: OrderResult): void;
  /** The line is gone: nobody answers any more. */
  close(): void;
}

export function orders(send: (command: Command) => void): Orders {
  const waiting = new Map<string, (result: OrderResult) => void>();
  let isClosed = false;
  return {
    give(command, withinMs) {
      if (isClosed) return Promise.resolve({ ok: false, reason: "line-lost" });
      const commandId = randomUUID();
      const { promise, resolve } = Promise.withResolvers<OrderResult>();
      const timer = setTimeout(() => settle({ ok: false, reason: "no-answer" }), withinMs);
      const settle = (result: OrderResult): void => {
        clearTimeout(timer);
        waiting.delete(commandId);
        resolve(result);
      };
      waiting.set(commandId, settle);
      send({ ...command, commandId });
      return promise;
    },
    answered: (commandId, result) => waiting.get(commandId)?.(result),
    close() {
      isClosed = true;
      for (const settle of [...waiting.values()]) settle({ ok: false, reason: "line-lost" });
    },
  };
}
