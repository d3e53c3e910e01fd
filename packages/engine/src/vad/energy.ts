import { toDb } from "@parley/audio";
import type { Vad, VadStream } from "../ports/vad.ts";
import { NoiseFloor } from "./noise-floor.ts";

export interface EnergyVadOptions {
  /** Samples (16 kHz) per window. Default 512, 32 ms. */
  windowSamples?: number;
  /** How far above the noise floor a window must lie to be as likely speech as not. Default 9. */
  aboveFloorDb?: number;
  /** Whatever is quieter than this is never speech (dB below full scale). Default -55. */
  quietestDb?: number;
}

/** Over this many dB the probability goes from 0.5 to about 0.73 (a logistic curve). */
const SLOPE_DB = 2;
const RATE_HZ = 16_000;

/**
 * Voice activity by loudness over an adaptive noise floor. Needs no model and costs about a microsecond a window;
 * any sound that is louder than what went before counts as speech, so it is the fallback, not the choice.
 */
export function energyVad(options: EnergyVadOptions = {}): Vad {
  const { windowSamples = 512, aboveFloorDb = 9, quietestDb = -55 } = options;
  if (!Number.isInteger(windowSamples) || windowSamples < 1) {
    throw new RangeError(`energyVad: windowSamples must be a whole number above zero, not ${windowSamples}`);
  }
  return {
    name: "energy",
    windowSamples,
    open: () => openStream({ windowSamples, aboveFloorDb, quietestDb }),
  };
}

function openStream(options: Required<EnergyVadOptions>): VadStream {
  const { windowSamples, aboveFloorDb, quietestDb } = options;
  const floor = new NoiseFloor(RATE_HZ / windowSamples);
  let squares = 0;
  let counted = 0;
  let closed = false;

  const judge = (levelDb: number): number => {
    const overDb = levelDb - floor.follow(levelDb);
    return levelDb < quietestDb ? 0 : 1 / (1 + Math.exp((aboveFloorDb - overDb) / SLOPE_DB));
  };

  return {
    push(frame, onWindow) {
      for (let i = 0; i < frame.length && !closed; i++) {
        const sample = frame[i]!;
        squares += sample * sample;
        if (++counted < windowSamples) continue;
        const levelDb = toDb(Math.sqrt(squares / windowSamples));
        squares = 0;
        counted = 0;
        onWindow(judge(levelDb));
      }
    },
    close() {
      closed = true;
    },
  };
}
