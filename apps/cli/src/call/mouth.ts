import type { AudioOut, Clock } from "@parley/engine";

export const MOUTH_RATE_HZ = 24_000;
/** A recording longer than this keeps its first hour. */
const LONGEST_RECORDING_MS = 3_600_000;

/** The agent's voice at the caller's end: it sounds in real time, and what sounded is kept with its place in time. */
export interface Mouth extends AudioOut {
  /** Everything that sounded since the mouth opened, silence included. */
  recording(): Int16Array;
}

interface Piece {
  startMs: number;
  samples: Int16Array;
}

const msOf = (samples: number): number => (samples / MOUTH_RATE_HZ) * 1000;
const samplesIn = (ms: number): number => Math.round((ms / 1000) * MOUTH_RATE_HZ);

export function openMouth(clock: Clock, record: boolean): Mouth {
  const openedMs = clock.now();
  let pieces: Piece[] = [];
  let endMs = 0;
  const nowMs = (): number => clock.now() - openedMs;

  return {
    sampleRateHz: MOUTH_RATE_HZ,
    write(frame) {
      const startMs = Math.max(endMs, nowMs());
      endMs = startMs + msOf(frame.length);
      if (record && endMs < LONGEST_RECORDING_MS) pieces.push({ startMs, samples: frame.slice() });
    },
    queuedMs: () => Math.max(0, endMs - nowMs()),
    clear() {
      const now = nowMs();
      if (endMs <= now) return;
      endMs = now;
      pieces = pieces
        .filter((piece) => piece.startMs < now)
        .map((piece) => ({ ...piece, samples: piece.samples.subarray(0, samplesIn(now - piece.startMs)) }));
    },
    recording() {
      const heardMs = Math.min(nowMs(), LONGEST_RECORDING_MS);
      const whole = new Int16Array(samplesIn(heardMs));
      for (const { startMs, samples } of pieces) {
        const at = samplesIn(startMs);
        whole.set(samples.subarray(0, Math.max(0, whole.length - at)), Math.min(at, whole.length));
      }
      return whole;
    },
  };
}
