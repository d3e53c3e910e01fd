/** Samples per window at 16 kHz: 32 ms, the only length Silero v5 knows. */
export const WINDOW_SAMPLES = 512;
/** Each window is preceded by the last samples of the one before it. */
export const CONTEXT_SAMPLES = 64;
/** Values of recurrent state per stream and layer (there are two). */
export const STATE_SIZE = 128;

const ROW = CONTEXT_SAMPLES + WINDOW_SAMPLES;

/** What one stream carries from window to window. */
export interface StreamState {
  /** [2, STATE_SIZE], flat. */
  readonly recurrent: Float32Array;
  /** The tail of the window before. */
  readonly context: Float32Array;
}

export function freshState(): StreamState {
  return { recurrent: new Float32Array(2 * STATE_SIZE), context: new Float32Array(CONTEXT_SAMPLES) };
}

/** The model's inputs and outputs for `size` windows at once. Made once per size, then used again and again. */
export class WindowBatch {
  readonly size: number;
  /** [size, 64 + 512] */
  readonly input: Float32Array;
  /** [2, size, 128] */
  readonly state: Float32Array;
  /** [2, size, 128]: `state` after the windows. */
  readonly stateN: Float32Array;
  /** [size, 1]: probabilities. */
  readonly output: Float32Array;

  constructor(size: number) {
    this.size = size;
    this.input = new Float32Array(size * ROW);
    this.state = new Float32Array(2 * size * STATE_SIZE);
    this.stateN = new Float32Array(2 * size * STATE_SIZE);
    this.output = new Float32Array(size);
  }

  /** Puts a stream's next window into its row; the stream's context moves on to the tail of that window. */
  load(row: number, stream: StreamState, window: Int16Array): void {
    const { input, state, size } = this;
    const start = row * ROW;
    input.set(stream.context, start);
    for (let i = 0; i < WINDOW_SAMPLES; i++) input[start + CONTEXT_SAMPLES + i] = window[i]! / 32_768;
    stream.context.set(input.subarray(start + WINDOW_SAMPLES, start + ROW));
    state.set(stream.recurrent.subarray(0, STATE_SIZE), row * STATE_SIZE);
    state.set(stream.recurrent.subarray(STATE_SIZE), (size + row) * STATE_SIZE);
  }

  /** After a run: gives the stream its new state and returns the probability of its window. */
  take(row: number, stream: StreamState): number {
    const { stateN, size } = this;
    const first = row * STATE_SIZE;
    const second = (size + row) * STATE_SIZE;
    stream.recurrent.set(stateN.subarray(first, first + STATE_SIZE), 0);
    stream.recurrent.set(stateN.subarray(second, second + STATE_SIZE), STATE_SIZE);
    return this.output[row]!;
  }
}
