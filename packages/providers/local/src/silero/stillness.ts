/**
 * -57 dB below full scale at the peak. Speech that is scaled down to this is not heard by the model either: its word on
 * such a window is silence, whatever came before.
 */
const STILL_PEAK = 46;
/**
 * After this many still windows the model says silence for good. Its state would go on drifting for some seconds, towards
 * hearing less: left as it is, a word after a long pause is heard like one after a short pause.
 */
const SETTLED_WINDOWS = 8;
const SILENCE = 0.1;

/** Knows when a line is so still that the model needs not be asked. Most of a call is: one listens, or thinks. */
export class Stillness {
  #isStill = false;
  #settled = 0;
  /** What the model said last. */
  probability = 0;

  /** Every window, in order. True: the model would say what it said last. */
  hears(window: Int16Array): boolean {
    this.#isStill = isStill(window);
    if (!this.#isStill) this.#settled = 0;
    return this.#settled >= SETTLED_WINDOWS;
  }

  /** The model's word on a window. */
  judged(probability: number): void {
    this.probability = probability;
    this.#settled = this.#isStill && probability < SILENCE ? this.#settled + 1 : 0;
  }
}

function isStill(window: Int16Array): boolean {
  for (let i = 0; i < window.length; i++) if (window[i]! > STILL_PEAK || window[i]! < -STILL_PEAK) return false;
  return true;
}
