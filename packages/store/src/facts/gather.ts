import type { NextFacts } from "./append-next.ts";

/** One is being made ready while the other waits for the disk. */
const MAX_GROUPS = 2;
const MAX_FACTS = 5_000;
const MAX_BYTES = 2 * 1024 * 1024;

interface Waiting {
  next: NextFacts;
  settle(stored: boolean): void;
  fail(error: unknown): void;
}

/**
 * Gathers what comes while earlier groups are being stored, so that the disk is waited for once for all of it. Nobody
 * waits for company: with nothing on its way a call's facts go alone.
 */
export function gather(
  append: (group: readonly NextFacts[]) => Promise<boolean[]>,
): (next: NextFacts) => Promise<boolean> {
  let waiting: Waiting[] = [];
  /** Calls with facts in a group that is on its way. */
  const busy = new Set<string>();
  let running = 0;
  let isDue = false;

  function takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    const later: Waiting[] = [];
    let facts = 0;
    let bytes = 0;
    for (const one of waiting) {
      const { callId } = one.next;
      const isFull = group.length > 0 && (facts + one.next.count > MAX_FACTS || bytes + one.next.bytes > MAX_BYTES);
      if (isFull || busy.has(callId)) {
        later.push(one);
        continue;
      }
      busy.add(callId);
      facts += one.next.count;
      bytes += one.next.bytes;
      group.push(one);
    }
    waiting = later;
    return group;
  }

  async function run(group: readonly Waiting[]): Promise<void> {
    running += 1;
    try {
      const stored = await append(group.map(({ next }) => next));
      for (const [index, one] of group.entries()) one.settle(stored[index] === true);
    } catch (error) {
      for (const one of group) one.fail(error);
    } finally {
      running -= 1;
      for (const { next } of group) busy.delete(next.callId);
      goOn();
    }
  }

  function goOn(): void {
    while (running < MAX_GROUPS && waiting.length > 0) {
      const group = takeGroup();
      if (group.length === 0) return;
      void run(group);
    }
  }

  return (next) => {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    waiting.push({ next, settle: resolve, fail: reject });
    // Behind whatever the sockets have brought in this turn.
    if (!isDue) {
      isDue = true;
      setImmediate(() => {
        isDue = false;
        goOn();
      });
    }
    return promise;
  };
}
