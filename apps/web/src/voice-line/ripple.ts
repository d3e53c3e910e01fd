/** One loudness of each side, 0 to 1. */
export interface Levels {
  you: number;
  agent: number;
}

/** How long one bar takes to be replaced by the next, ms. */
const barMs = 55;

/** The last moments of both voices, newest first: what travels outward along the line. Bounded by its capacity. */
export interface Ripple {
  /** Takes the levels of this frame in. */
  advance(nowMs: number, levels: Levels): void;
  /** The bar that is `age` bars old; 0 is still growing. */
  bar(age: number): Readonly<Levels>;
  /** How far the newest bar is towards being replaced, 0 to 1. */
  progress(): number;
  readonly capacity: number;
}

const silence: Levels = { you: 0, agent: 0 };

/** Rises at once and falls slowly, as needles do. */
const follow = (shown: number, level: number) => (level > shown ? shown + (level - shown) * 0.6 : shown * 0.9);

export function createRipple(capacity: number): Ripple {
  const bars: Levels[] = [];
  const shown: Levels = { you: 0, agent: 0 };
  let barStartedMs = 0;
  let lastMs = 0;
  return {
    capacity,
    advance(nowMs, levels) {
      shown.you = follow(shown.you, levels.you);
      shown.agent = follow(shown.agent, levels.agent);
      lastMs = nowMs;
      // A tab that was hidden does not replay the silence it missed.
      if (nowMs - barStartedMs > barMs * capacity) barStartedMs = nowMs - barMs;
      while (nowMs - barStartedMs >= barMs) {
        barStartedMs += barMs;
        bars.unshift({ ...shown });
        if (bars.length > capacity) bars.pop();
      }
      const newest = bars[0];
      if (newest) {
        newest.you = Math.max(newest.you, shown.you);
        newest.agent = Math.max(newest.agent, shown.agent);
      }
    },
    bar: (age) => bars[age] ?? silence,
    progress: () => Math.min(1, (lastMs - barStartedMs) / barMs),
  };
}
