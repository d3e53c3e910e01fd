/** Half an octave around each: what tells one vowel from another. */
const BANDS_HZ = [250, 400, 600, 850, 1200, 1700, 2400, 3300];
const OCTAVES = 0.55;
export const BANDS = BANDS_HZ.length;
export const HOP_MS = 10;
const FAINTEST_DB = -120;

/** How loud a sound is over time, and in which bands; dB, in windows of 20 ms every 10 ms. */
export interface BandLevels {
  frames: number;
  /** `BANDS` for each frame. */
  bands: Float32Array;
  /** Of the whole sound, for each frame: a hiss at a word's end lies above the bands. */
  total: Float32Array;
}

export function bandLevels(original: Int16Array, originalRateHz: number): BandLevels {
  const { samples, sampleRateHz } = thinned(original, originalRateHz);
  const hops = Math.floor(samples.length / ((sampleRateHz * HOP_MS) / 1000));
  const frames = Math.max(0, hops - 1);
  const bands = new Float32Array(frames * BANDS);
  for (const [band, centreHz] of BANDS_HZ.entries()) {
    const powers = powersOf(samples, sampleRateHz, hops, bandPass(centreHz, sampleRateHz));
    for (let i = 0; i < frames; i++) bands[i * BANDS + band] = decibels((powers[i]! + powers[i + 1]!) / 2);
  }
  const powers = powersOf(samples, sampleRateHz, hops, ALL);
  const total = new Float32Array(frames).map((_, i) => decibels((powers[i]! + powers[i + 1]!) / 2));
  return { frames, bands, total };
}

/** out = gain × (in − behind × in two samples before) − back1 × last out − back2 × the one before. */
interface Filter {
  gain: number;
  behind: number;
  back1: number;
  back2: number;
}

const ALL: Filter = { gain: 1, behind: 0, back1: 0, back2: 0 };

/** The same band in Hz at every rate (https://www.w3.org/TR/audio-eq-cookbook: BPF, constant 0 dB peak gain). */
function bandPass(centreHz: number, sampleRateHz: number): Filter {
  const turn = (2 * Math.PI * Math.min(centreHz, sampleRateHz * 0.45)) / sampleRateHz;
  const alpha = Math.sin(turn) * Math.sinh(((Math.LN2 / 2) * OCTAVES * turn) / Math.sin(turn));
  return {
    gain: alpha / (1 + alpha),
    behind: 1,
    back1: (-2 * Math.cos(turn)) / (1 + alpha),
    back2: (1 - alpha) / (1 + alpha),
  };
}

/** Mean power of each hop behind a filter. */
function powersOf(samples: Float32Array, sampleRateHz: number, hops: number, filter: Filter): Float64Array {
  const { gain, behind, back1, back2 } = filter;
  const hopSamples = (sampleRateHz * HOP_MS) / 1000;
  const powers = new Float64Array(hops);
  let [in1, in2, out1, out2] = [0, 0, 0, 0];
  let at = 0;
  for (let hop = 0; hop < hops; hop++) {
    const from = at;
    const end = Math.floor((hop + 1) * hopSamples);
    let sum = 0;
    for (; at < end; at++) {
      const input = samples[at]!;
      const output = gain * (input - behind * in2) - back1 * out1 - back2 * out2;
      in2 = in1;
      in1 = input;
      out2 = out1;
      out1 = output;
      sum += output * output;
    }
    powers[hop] = sum / (end - from);
  }
  return powers;
}

/** Near 16 kHz, by means of neighbours: there is no speech above, and it costs less. */
function thinned(samples: Int16Array, sampleRateHz: number): { samples: Float32Array; sampleRateHz: number } {
  const factor = Math.max(1, Math.floor(sampleRateHz / 16_000));
  const fewer = new Float32Array(Math.floor(samples.length / factor));
  for (let i = 0, at = 0; i < fewer.length; i++) {
    let sum = 0;
    for (let k = 0; k < factor; k++) sum += samples[at++]!;
    fewer[i] = sum / factor;
  }
  return { samples: fewer, sampleRateHz: sampleRateHz / factor };
}

function decibels(power: number): number {
  return power > 0 ? Math.max(FAINTEST_DB, 10 * Math.log10(power / 32_768 ** 2)) : FAINTEST_DB;
}
