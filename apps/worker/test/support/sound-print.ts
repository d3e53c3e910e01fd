/** Sound is looked at in steps of this length. */
export const STEP_MS = 20;

const RATE_HZ = 16_000;
const STEP = (RATE_HZ * STEP_MS) / 1000;
/** Where one band ends and the next begins. */
const EDGES_HZ = [350, 800, 1600, 3000];
const BANDS = EDGES_HZ.length + 1;
/** What lies this far below the loudest step is silence: codecs and rooms add no more than that. */
const FLOOR_DB = 32;

/** How loud a sound is over time in five bands, in dB over its own floor; 16 kHz. Levels and codecs don't change it. */
export interface SoundPrint {
  readonly steps: number;
  /** `steps` rows of five. */
  readonly db: Float32Array;
  readonly sum: number;
  readonly squares: number;
}

export function soundPrint(samples: Int16Array): SoundPrint {
  const steps = Math.floor(samples.length / STEP);
  const db = new Float32Array(steps * BANDS);
  let rest: Float32Array = Float32Array.from(samples);
  for (let band = 0; band < BANDS; band++) {
    const edgeHz = EDGES_HZ[band];
    const low = edgeHz === undefined ? rest : lowPass(lowPass(rest, edgeHz), edgeHz);
    for (let step = 0; step < steps; step++) {
      let energy = 1;
      for (let i = step * STEP; i < (step + 1) * STEP; i++) energy += low[i]! ** 2;
      db[step * BANDS + band] = 10 * Math.log10(energy / STEP);
    }
    rest = rest.map((sample, i) => sample - low[i]!);
  }
  const loudest = db.reduce((most, value) => Math.max(most, value), 0);
  const floor = Math.max(10, loudest - FLOOR_DB);
  return printOf(db.map((value) => Math.max(0, value - floor)));
}

/** Without the silence before and after it. */
export function trimmed(print: SoundPrint): SoundPrint {
  let first = 0;
  let last = print.steps - 1;
  while (first < last && isSilent(print, first)) first++;
  while (last > first && isSilent(print, last)) last--;
  return part(print, first, last + 1);
}

/** A part of it. */
export function part(print: SoundPrint, fromStep: number, toStep: number): SoundPrint {
  return printOf(print.db.slice(fromStep * BANDS, toStep * BANDS));
}

/** Correlation (-1 to 1) of two prints, the second one moved by `shift` steps; silence around both. */
export function likeness(a: SoundPrint, b: SoundPrint, shift: number): number {
  const from = Math.min(0, shift);
  const to = Math.max(a.steps, b.steps + shift);
  const count = (to - from) * BANDS;
  let ab = 0;
  const begin = Math.max(0, shift) * BANDS;
  const end = Math.min(a.steps, b.steps + shift) * BANDS;
  for (let i = begin; i < end; i++) ab += a.db[i]! * b.db[i - shift * BANDS]!;
  const covariance = ab - (a.sum * b.sum) / count;
  const spread = (a.squares - a.sum ** 2 / count) * (b.squares - b.sum ** 2 / count);
  return spread <= 0 ? 0 : covariance / Math.sqrt(spread);
}

function isSilent({ db }: SoundPrint, step: number): boolean {
  return db.subarray(step * BANDS, (step + 1) * BANDS).every((value) => value === 0);
}

function lowPass(sound: Float32Array, edgeHz: number): Float32Array {
  const weight = 1 - Math.exp((-2 * Math.PI * edgeHz) / RATE_HZ);
  let value = 0;
  return sound.map((sample) => {
    value += weight * (sample - value);
    return value;
  });
}

function printOf(db: Float32Array): SoundPrint {
  let [sum, squares] = [0, 0];
  for (const value of db) {
    sum += value;
    squares += value * value;
  }
  return { steps: db.length / BANDS, db, sum, squares };
}
