/** Runs tasks of one key one after the other, tasks of different keys side by side, up to `limit` at once. */
export interface InOrder {
  add(key: string, task: () => Promise<void>): void;
  /** Tasks that are not done. */
  readonly size: number;
}

export function inOrder(limit: number, onDone: () => void): InOrder {
  const queues = new Map<string, (() => Promise<void>)[]>();
  const waiting: string[] = [];
  let running = 0;
  let size = 0;

  function next(): void {
    while (running < limit) {
      const key = waiting.shift();
      if (key === undefined) return;
      const task = queues.get(key)?.shift();
      if (task === undefined) continue;
      running += 1;
      void task().finally(() => {
        running -= 1;
        size -= 1;
        if ((queues.get(key)?.length ?? 0) > 0) waiting.push(key);
        else queues.delete(key);
        onDone();
        next();
      });
    }
  }

  return {
    add(key, task) {
      size += 1;
      const queue = queues.get(key);
      if (queue !== undefined) queue.push(task);
      else {
        queues.set(key, [task]);
        waiting.push(key);
      }
      next();
    },
    get size() {
      return size;
    },
  };
}
