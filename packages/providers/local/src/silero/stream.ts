import { Framer } from "@parley/audio";
import type { VadStream } from "@parley/engine";
import { Stillness } from "./stillness.ts";
import { CONTEXT_SAMPLES, freshState, type StreamState, WINDOW_SAMPLES, type WindowBatch } from "./window-batch.ts";
import { type OnWindow, WindowQueue } from "./window-queue.ts";

/** Eight seconds: a process that stalled catches up on them in about 40 ms, and older sound decides nothing. */
export const QUEUE_WINDOWS = 250;

/** What a stream needs of those around it. */
export interface StreamHost {
  /** Loudness of the same sound; hears every window, so that it knows the room when it is needed. */
  readonly energy: VadStream;
  /** False once the model has failed. */
  modelWorks(): boolean;
  /** The stream has a window for the model. */
  ready(stream: SileroStream): void;
  /** A window was reported without the model's word on it. */
  dropped(): void;
  closed(stream: SileroStream): void;
}

/** One caller's sound on its way through the shared model. */
export class SileroStream implements VadStream {
  readonly #host: StreamHost;
  readonly #framer = new Framer(WINDOW_SAMPLES);
  readonly #queue = new WindowQueue(QUEUE_WINDOWS);
  readonly #state: StreamState = freshState();
  readonly #stillness = new Stillness();
  /** Of the window that the model has now: null once it is reported. */
  #owedTo: OnWindow | null = null;
  #owedEnergy = 0;
  #energy = 0;
  readonly #setEnergy: OnWindow = (probability) => {
    this.#energy = probability;
  };
  #closed = false;

  constructor(host: StreamHost) {
    this.#host = host;
  }

  /** Windows that wait for the model. */
  get waiting(): number {
    return this.#queue.length;
  }

  push(frame: Int16Array, onWindow: OnWindow): void {
    if (!this.#closed) this.#framer.push(frame, (window) => this.#accept(window, onWindow));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#owedTo = null;
    this.#queue.clear();
    this.#host.energy.close();
    this.#host.closed(this);
  }

  /** Gives the oldest window to a row of the model's batch. */
  load(batch: WindowBatch, row: number): void {
    const { samples, energy, onWindow } = this.#queue.shift();
    batch.load(row, this.#state, samples);
    this.#owedTo = onWindow;
    this.#owedEnergy = energy;
  }

  /** The model has run: moves the state on and reports, unless the window was given up or the stream closed. */
  take(batch: WindowBatch, row: number): void {
    const probability = batch.take(row, this.#state);
    this.#stillness.judged(probability);
    this.#settle(probability);
  }

  /** The model failed: every window it still owes is answered by loudness, in order. */
  answerByEnergy(): void {
    this.#settle(this.#owedEnergy);
    while (this.#queue.length > 0) {
      const { energy, onWindow } = this.#queue.shift();
      onWindow(energy);
    }
  }

  #settle(probability: number): void {
    const owedTo = this.#owedTo;
    this.#owedTo = null;
    owedTo?.(probability);
  }

  #accept(window: Int16Array, onWindow: OnWindow): void {
    if (this.#closed) return;
    this.#host.energy.push(window, this.#setEnergy);
    const energy = this.#energy;
    if (!this.#host.modelWorks()) {
      onWindow(energy);
      return;
    }
    if (this.#stillness.hears(window) && this.#queue.length === 0 && !this.#owedTo) {
      this.#passBy(window);
      onWindow(this.#stillness.probability);
      return;
    }
    if (this.#queue.full) this.#giveUpOldest();
    // Whoever was told of the oldest may have closed the stream.
    if (this.#closed) return;
    this.#queue.add(window, energy, onWindow);
    this.#host.ready(this);
  }

  /** Reports the oldest windows by loudness: windows still come one for one, in order, and the queue has room. */
  #giveUpOldest(): void {
    if (this.#owedTo) {
      // The model has it, but its word would now come out of order. The state it gives still counts.
      this.#host.dropped();
      this.#settle(this.#owedEnergy);
      if (this.#closed) return;
    }
    const { samples, energy, onWindow } = this.#queue.shift();
    this.#passBy(samples);
    this.#host.dropped();
    onWindow(energy);
  }

  /** A window that the model does not get still comes before the next one. */
  #passBy(window: Int16Array): void {
    const { context } = this.#state;
    for (let i = 0; i < CONTEXT_SAMPLES; i++) context[i] = window[WINDOW_SAMPLES - CONTEXT_SAMPLES + i]! / 32_768;
  }
}
