/** A value with subscribers. `whileWatched` runs when the first subscriber comes; what it returns, when the last has gone. */
export interface Store<T> {
  get(): T;
  set(patch: Partial<T>): void;
  subscribe(listener: () => void): () => void;
}

export function createStore<T extends object>(initial: T, whileWatched: () => () => void): Store<T> {
  let value = initial;
  let unwatch: (() => void) | null = null;
  const listeners = new Set<{ notify: () => void }>();
  return {
    get: () => value,
    set(patch) {
      value = { ...value, ...patch };
      for (const listener of [...listeners]) listener.notify();
    },
    subscribe(notify) {
      const listener = { notify };
      listeners.add(listener);
      if (listeners.size === 1) unwatch = whileWatched();
      return () => {
        if (!listeners.delete(listener) || listeners.size > 0) return;
        unwatch?.();
        unwatch = null;
      };
    },
  };
}
