import { WINDOW_SAMPLES } from "./window-batch.ts";

/** Called once for each window, in order. */
export type OnWindow = (probability: number) => void;

export interface QueuedWindow {
  readonly samples: Int16Array;
  /** What loudness alone says, for the case that the model cannot answer (in time). */
  energy: number;
  onWindow: OnWindow;
}

const FIRST_SLOTS = 4;
const nobody: OnWindow = () => {};

/** Windows that wait for the model, oldest first. Grows to what the stream needs, never past `limit`. */
export class WindowQueue {
  readonly limit: number;
  #slots: QueuedWindow[] = [];
  #head = 0;
  #length = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  get full(): boolean {
    return this.#length === this.limit;
  }

  /** Copies the window in. The queue must not be full. */
  add(samples: Int16Array, energy: number, onWindow: OnWindow): void {
    if (this.#length === this.#slots.length) this.#grow();
    const slot = this.#slots[(this.#head + this.#length) % this.#slots.length]!;
    slot.samples.set(samples);
    slot.energy = energy;
    slot.onWindow = onWindow;
    this.#length++;
  }

  /** The oldest window; valid until the next `add`. The queue must not be empty. */
  shift(): QueuedWindow {
    const slot = this.#slots[this.#head]!;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#length--;
    return slot;
  }

  clear(): void {
    this.#length = 0;
    for (const slot of this.#slots) slot.onWindow = nobody;
  }

  #grow(): void {
    const size = Math.min(this.limit, Math.max(FIRST_SLOTS, this.#slots.length * 2));
    const inOrder = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head)];
    while (inOrder.length < size) {
      inOrder.push({ samples: new Int16Array(WINDOW_SAMPLES), energy: 0, onWindow: nobody });
    }
    this.#slots = inOrder;
    this.#head = 0;
  }
}
