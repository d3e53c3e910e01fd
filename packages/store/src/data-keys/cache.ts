/** Keeps what was looked up for a while: at most `size` of it, whatever was used longest ago goes first. */
export interface Cache<Value> {
  /** Undefined: not known (any more). */
  get(name: string): Value | undefined;
  set(name: string, value: Value): void;
  delete(name: string): void;
}

export function cacheOf<Value>({
  size,
  keepMs,
  now = Date.now,
}: {
  size: number;
  keepMs: number;
  now?: () => number;
}): Cache<Value> {
  const known = new Map<string, { value: Value; untilMs: number }>();
  return {
    get(name) {
      const found = known.get(name);
      if (found === undefined) return undefined;
      known.delete(name);
      if (found.untilMs <= now()) return undefined;
      known.set(name, found);
      return found.value;
    },
    set(name, value) {
      known.delete(name);
      known.set(name, { value, untilMs: now() + keepMs });
      for (const oldest of known.keys()) {
        if (known.size <= size) break;
        known.delete(oldest);
      }
    },
    delete(name) {
      known.delete(name);
    },
  };
}
