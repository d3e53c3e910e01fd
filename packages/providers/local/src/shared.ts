export interface Share<T> {
  readonly value: T;
  /** Idempotent; the last one to leave closes it. */
  release(): Promise<void>;
}

/** One of a kind for a whole process, opened by the first who asks for it and closed by the last who leaves. */
export function shared<T>(open: () => T, close: (value: T) => Promise<void>): () => Share<T> {
  let current: { value: T; users: number } | undefined;
  return () => {
    current ??= { value: open(), users: 0 };
    const mine = current;
    mine.users += 1;
    let released = false;
    return {
      value: mine.value,
      async release() {
        if (released) return;
        released = true;
        mine.users -= 1;
        if (mine.users > 0) return;
        if (current === mine) current = undefined;
        await close(mine.value);
      },
    };
  };
}
