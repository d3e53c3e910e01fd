/** Typed messages wait here until an agent is there to read them: LiveKit keeps none for those who come later. */
export interface Outbox {
  /** Sends when it may; never rejects. */
  post(send: () => Promise<void>): Promise<"sent" | "failed">;
  /** An agent is there, or is not. */
  readerIs(there: boolean): void;
  /** What waits has failed. Idempotent. */
  close(): void;
}

export function createOutbox(): Outbox {
  let there = false;
  let closed = false;
  let waiting: ((go: boolean) => void)[] = [];
  const settle = (go: boolean) => {
    const settled = waiting;
    waiting = [];
    for (const proceed of settled) proceed(go);
  };
  return {
    async post(send) {
      const go = await new Promise<boolean>((resolve) => {
        if (there || closed) resolve(!closed);
        else waiting.push(resolve);
      });
      if (!go) return "failed";
      return await send().then(
        () => "sent" as const,
        () => "failed" as const,
      );
    },
    readerIs(now) {
      there = now;
      if (now && !closed) settle(true);
    },
    close() {
      closed = true;
      settle(false);
    },
  };
}
