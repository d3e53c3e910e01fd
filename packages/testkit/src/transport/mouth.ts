import { concat } from "@parley/audio";
import type { AudioOut, Clock } from "@parley/engine";

/** A stretch of sound as it left the mouth. */
export interface Played {
  atMs: number;
  samples: Int16Array;
}

/** An AudioOut that plays into a record, against the clock: what was cleared before its time is not in it. */
export interface FakeMouth extends AudioOut {
  /** Everything played until now, in order, gaps left out. The last piece is cut at now. */
  played(): Played[];
  /** The sound between two times, silence where nothing was played. `toMs` lies not after now. */
  sound(fromMs: number, toMs: number): Int16Array;
  playedMs(): number;
  /** The most that was ever queued: whoever writes keeps about 200 ms. */
  readonly mostQueuedMs: number;
}

export function fakeMouth(clock: Clock, sampleRateHz: number): FakeMouth {
  /** Each with the time of its first sample; later ones may lie in the future. */
  let pieces: Played[] = [];
  let emptyAtMs = Number.NEGATIVE_INFINITY;
  let mostQueuedMs = 0;
  const msOf = (samples: number) => (samples / sampleRateHz) * 1000;
  const samplesOf = (ms: number) => Math.round((ms * sampleRateHz) / 1000);

  const until = (now: number): Played[] => {
    const past: Played[] = [];
    for (const piece of pieces) {
      const count = Math.min(piece.samples.length, samplesOf(now - piece.atMs));
      if (count <= 0) break;
      past.push(count === piece.samples.length ? piece : { atMs: piece.atMs, samples: piece.samples.slice(0, count) });
    }
    return past;
  };

  return {
    sampleRateHz,
    write(frame) {
      if (frame.length === 0) return;
      const atMs = Math.max(clock.now(), emptyAtMs);
      pieces.push({ atMs, samples: frame.slice() });
      emptyAtMs = atMs + msOf(frame.length);
      mostQueuedMs = Math.max(mostQueuedMs, emptyAtMs - clock.now());
    },
    queuedMs: () => Math.max(0, emptyAtMs - clock.now()),
    clear() {
      const now = clock.now();
      if (emptyAtMs <= now) return;
      pieces = until(now);
      emptyAtMs = now;
    },
    played: () => until(clock.now()),
    sound(fromMs, toMs) {
      const sound = new Int16Array(samplesOf(toMs - fromMs));
      for (const { atMs, samples } of until(clock.now())) {
        const start = samplesOf(atMs - fromMs);
        const from = Math.max(0, -start);
        const to = Math.min(samples.length, sound.length - start);
        if (to > from) sound.set(samples.subarray(from, to), start + from);
      }
      return sound;
    },
    playedMs: () => msOf(concat(until(clock.now()).map((piece) => piece.samples)).length),
    get mostQueuedMs() {
      return mostQueuedMs;
    },
  };
}
