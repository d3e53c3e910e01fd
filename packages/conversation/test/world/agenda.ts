/** What is to happen, by virtual time; things of one moment happen in the order in which they were planned. */
export class Agenda {
  #heap: Entry[] = [];
  #planned = 0;

  plan(at: number, run: () => void): void {
    const heap = this.#heap;
    let index = heap.length;
    const entry = { at, nth: this.#planned++, run };
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(entry, heap[parent] as Entry)) break;
      heap[index] = heap[parent] as Entry;
      index = parent;
    }
    heap[index] = entry;
  }

  /** When the next thing is due; Infinity when there is nothing. */
  next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  take(): () => void {
    const heap = this.#heap;
    const first = heap[0] as Entry;
    const last = heap.pop() as Entry;
    if (heap.length > 0) {
      let index = 0;
      for (;;) {
        let child = index * 2 + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
        if (!before(heap[child] as Entry, last)) break;
        heap[index] = heap[child] as Entry;
        index = child;
      }
      heap[index] = last;
    }
    return first.run;
  }
}

interface Entry {
  at: number;
  nth: number;
  run: () => void;
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.nth < b.nth);
}
