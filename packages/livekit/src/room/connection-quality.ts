import type { ConnectionReading } from "@parley/engine";

export type Quality = ConnectionReading["quality"];

/** What is known of one connection at one moment; null where nothing tells. */
export interface Measured extends Omit<ConnectionReading, "quality"> {
  /** LiveKit's own score of the participant, both directions: the only word there is on a listener's way from the server. */
  score: Quality | null;
  /** Nothing of it arrives any more. */
  isLost: boolean;
}

const order: readonly Quality[] = ["excellent", "good", "poor", "lost"];

/**
 * From here on a connection is `good` or `poor` only. Loss as livekit-server scores Opus with its forward error
 * correction; jitter of three packets of 20 ms; round trips are ITU-T G.114's 150 and 400 ms, there and back.
 */
const limits = {
  good: { loss: 0.0375, jitterMs: 30, roundTripMs: 300 },
  poor: { loss: 0.1125, jitterMs: 60, roundTripMs: 800 },
};

/** As readings come every 2.5 s: 5 s of trouble make it worse, 15 s without make it better. */
const WORSE_AFTER = 2;
const BETTER_AFTER = 6;
/** Between two changes. */
const HOLD_MS = 10_000;

/** The quality of one moment, by the worst that is known. */
export function qualityOf(measured: Measured): Quality {
  if (measured.isLost || measured.score === "lost") return "lost";
  const over = ({ loss, jitterMs, roundTripMs }: (typeof limits)["poor"]) =>
    (measured.lossShare ?? 0) >= loss ||
    (measured.jitterMs ?? 0) >= jitterMs ||
    (measured.roundTripMs ?? 0) >= roundTripMs;
  const own = over(limits.poor) ? "poor" : over(limits.good) ? "good" : "excellent";
  return worse(own, measured.score ?? "excellent");
}

/** One connection's level: follows the readings when they agree for long enough, and never flaps. */
export class QualityLevel {
  #level: Quality = "excellent";
  #changedAt = Number.NEGATIVE_INFINITY;
  /** The latest readings, the newest last. */
  readonly #readings: Quality[] = [];

  get level(): Quality {
    return this.#level;
  }

  /** True when the level has changed. `at`: ms of any clock that never goes back. */
  read(at: number, reading: Quality): boolean {
    this.#readings.push(reading);
    if (this.#readings.length > BETTER_AFTER) this.#readings.shift();
    if (at - this.#changedAt < HOLD_MS) return false;
    const next = this.#next();
    if (next === this.#level) return false;
    this.#level = next;
    this.#changedAt = at;
    return true;
  }

  #next(): Quality {
    const recent = this.#readings.slice(-WORSE_AFTER);
    if (recent.length === WORSE_AFTER) {
      const atLeast = recent.reduce(better);
      if (isWorse(atLeast, this.#level)) return atLeast;
    }
    const atMost = this.#readings.reduce(worse);
    if (this.#readings.length === BETTER_AFTER && isWorse(this.#level, atMost)) return atMost;
    return this.#level;
  }
}

function isWorse(a: Quality, b: Quality): boolean {
  return order.indexOf(a) > order.indexOf(b);
}

function worse(a: Quality, b: Quality): Quality {
  return isWorse(a, b) ? a : b;
}

function better(a: Quality, b: Quality): Quality {
  return isWorse(a, b) ? b : a;
}
