import { randomUUID } from "node:crypto";
import type { Clock } from "@parley/engine";

interface Waiting {
  to: string;
  settle(value: unknown): void;
  fail(error: Error): void;
}

/** Questions to other replicas that wait for their answer. */
export interface Questions {
  /** `send` is given the question's id. Rejects when nobody answers within the time, or the other one is gone. */
  ask<T>(to: string, withinMs: number, send: (id: string) => void): Promise<T>;
  answered(from: string, id: string, answer: { ok: true; value: unknown } | { ok: false; error: string }): void;
  /** That replica answers no more; null: none does. */
  gone(replica: string | null): void;
}

export function questions(clock: Clock): Questions {
  const waiting = new Map<string, Waiting>();
  return {
    ask<T>(to: string, withinMs: number, send: (id: string) => void): Promise<T> {
      const id = randomUUID();
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const cancel = clock.after(withinMs, () => end(() => reject(new Error("no-answer"))));
      const end = (settle: () => void) => {
        cancel();
        waiting.delete(id);
        settle();
      };
      waiting.set(id, {
        to,
        settle: (value) => end(() => resolve(value)),
        fail: (error) => end(() => reject(error)),
      });
      send(id);
      return promise as Promise<T>;
    },
    answered(from, id, answer) {
      const one = waiting.get(id);
      if (one?.to !== from) return;
      if (answer.ok) one.settle(answer.value);
      else one.fail(new Error(answer.error));
    },
    gone(replica) {
      for (const one of [...waiting.values()])
        if (replica === null || one.to === replica) one.fail(new Error("line-lost"));
    },
  };
}
