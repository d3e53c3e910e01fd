/** What waits for its other half: the oldest is forgotten when there are too many, as when a log was cut. */
export interface Recent<T> {
  put(key: string, value: T): void;
  peek(key: string): T | undefined;
  take(key: string): T | undefined;
}

const MOST = 256;

export function recent<T>(most = MOST): Recent<T> {
  const held = new Map<string, T>();
  return {
    put(key, value) {
      held.delete(key);
      held.set(key, value);
      if (held.size > most) held.delete(held.keys().next().value as string);
    },
    peek: (key) => held.get(key),
    take(key) {
      const value = held.get(key);
      held.delete(key);
      return value;
    },
  };
}
