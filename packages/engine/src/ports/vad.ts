/** Voice activity of one stream of sound. State is per stream; a model behind it is shared. */
export interface VadStream {
  /**
   * 16 kHz mono, any length. Calls `onWindow` once per whole window, in order, possibly later (a batched model).
   * The callee copies what it needs from `frame`. Never throws: a failing model reports probability through energy.
   */
  push(frame: Int16Array, onWindow: (probability: number) => void): void;
  /** Idempotent; no `onWindow` is called after it. */
  close(): void;
}

export interface Vad {
  readonly name: string;
  /** Samples (16 kHz) per window: 512 is 32 ms. */
  readonly windowSamples: number;
  open(): VadStream;
  warm?(): Promise<void>;
  close?(): Promise<void>;
}
