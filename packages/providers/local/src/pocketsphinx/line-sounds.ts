/** A new line's sound is judged by this much of it, before the search begins: 1.2 s. */
export const ESTIMATE_SAMPLES = 19_200;
const FRAME_SAMPLES = 160;
/** Kept of the silence before the speech: the model's own estimates had some. */
const LEAD_SAMPLES = 4800;
/** Speech is at least this much louder than the quietest frame (12 dB); a steady noise is not. */
const SPEECH_RANGE = 4;

/**
 * Where to begin to listen: 300 ms before the first frame that is a tenth as loud as the loudest, and clearly louder
 * than the quietest. The end, while there is but silence or a steady noise.
 */
export function speechStart(samples: Int16Array): number {
  const peaks: number[] = [];
  for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
    let peak = 0;
    for (const sample of samples.subarray(at, at + FRAME_SAMPLES)) peak = Math.max(peak, Math.abs(sample));
    peaks.push(peak);
  }
  const loud = Math.max(Math.max(...peaks) / 10, SPEECH_RANGE * Math.min(...peaks));
  const first = peaks.findIndex((peak) => peak > loud);
  return first < 0 ? samples.length : Math.max(0, first * FRAME_SAMPLES - LEAD_SAMPLES);
}

/** Speakers remembered; the one silent for longest is forgotten first. */
const MAX_REMEMBERED = 512;

/** How each speaker's line sounds, so that any decoder can go on where another left off. */
export class LineSounds {
  readonly #bySpeaker = new Map<number, Float32Array>();

  get(speaker: number): Float32Array | undefined {
    return this.#bySpeaker.get(speaker);
  }

  set(speaker: number, sound: Float32Array | undefined): void {
    if (sound === undefined) return;
    this.#bySpeaker.delete(speaker);
    this.#bySpeaker.set(speaker, sound);
    const oldest = this.#bySpeaker.keys().next().value;
    if (this.#bySpeaker.size > MAX_REMEMBERED && oldest !== undefined) this.#bySpeaker.delete(oldest);
  }
}
