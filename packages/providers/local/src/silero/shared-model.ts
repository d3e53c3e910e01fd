import { asParleyError, type ParleyError } from "@parley/engine";
import type { SileroModel } from "./model.ts";
import type { SileroStream } from "./stream.ts";
import { WindowBatch } from "./window-batch.ts";

/**
 * Windows a run takes at most. Eight at once cost 40 % each of what they cost alone, sixteen 35 %, and sixteen hold
 * the event loop for a millisecond.
 */
const MAX_BATCH = 16;

/**
 * So long the first of several waits for others, where so many streams speak at this time. A run that comes alone finds the
 * caches cold: 0.7 ms instead of the 0.2 of one that follows another.
 */
const GATHER_MS = 8;
const GATHER_FROM = 6;
/** Speaks at this time: had a window within the last one's length, and a little. */
const LIVELY_MS = 48;

/** One loaded model and the streams that wait for it. Lives as long as somebody holds it. */
export class SharedModel {
  readonly #loading: Promise<void>;
  #model: SileroModel | null = null;
  #failure: ParleyError | null = null;
  #released = false;
  #running = false;
  /** In the order of their waiting; a stream has one window in a run, for its state must move on between two. */
  readonly #waiting = new Set<SileroStream>();
  /** When each had its last window for the model. */
  readonly #lastAt = new Map<SileroStream, number>();
  #stopGathering: (() => void) | null = null;
  readonly #rows: SileroStream[] = [];
  readonly #batches: WindowBatch[] = [];
  readonly #onFailure = new Set<(error: ParleyError) => void>();

  constructor(load: () => Promise<SileroModel>) {
    this.#loading = load().then(
      (model) => {
        if (this.#released) return model.release();
        this.#model = model;
        this.#schedule();
      },
      (error) => this.#fail(error),
    );
  }

  get failure(): ParleyError | null {
    return this.#failure;
  }

  /** Resolves when the model is loaded; rejects with ParleyError when it cannot be, or has failed since. */
  async loaded(): Promise<void> {
    await this.#loading;
    if (this.#failure) throw this.#failure;
  }

  /** Told once, at the failure (now, if it has failed); the returned function takes that back. */
  onFailure(tell: (error: ParleyError) => void): () => void {
    if (this.#failure) tell(this.#failure);
    else this.#onFailure.add(tell);
    return () => this.#onFailure.delete(tell);
  }

  /** The stream has a window. All that come in one turn of the event loop, or while it is gathered, run together. */
  ready(stream: SileroStream): void {
    this.#waiting.add(stream);
    this.#lastAt.set(stream, performance.now());
    this.#schedule();
  }

  forget(stream: SileroStream): void {
    this.#waiting.delete(stream);
    this.#lastAt.delete(stream);
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#stopGathering?.();
    this.#waiting.clear();
    await this.#loading;
    if (!this.#running) await this.#releaseModel();
  }

  #schedule(): void {
    if (this.#running || !this.#model || this.#released || this.#waiting.size === 0) return;
    const lively = this.#lively();
    if (lively >= GATHER_FROM && this.#waiting.size < lively) {
      this.#gather();
      return;
    }
    this.#stopGathering?.();
    this.#running = true;
    setImmediate(() => void this.#run(this.#model!));
  }

  #gather(): void {
    if (this.#stopGathering) return;
    const timer = setTimeout(() => {
      this.#stopGathering?.();
      if (this.#running || !this.#model || this.#released) return;
      this.#running = true;
      void this.#run(this.#model);
    }, GATHER_MS);
    this.#stopGathering = () => {
      clearTimeout(timer);
      this.#stopGathering = null;
    };
  }

  #lively(): number {
    const since = performance.now() - LIVELY_MS;
    let lively = 0;
    for (const at of this.#lastAt.values()) if (at >= since) lively++;
    return lively;
  }

  async #run(model: SileroModel): Promise<void> {
    while (this.#waiting.size > 0 && !this.#released) {
      const batch = this.#fillBatch();
      if (!batch) continue;
      try {
        await model.run(batch);
      } catch (error) {
        for (const stream of this.#rows) this.#waiting.add(stream);
        this.#fail(error);
        break;
      }
      this.#report(batch);
    }
    this.#running = false;
    if (this.#released) await this.#releaseModel();
    else this.#schedule();
  }

  /** Null when all that waited have closed. */
  #fillBatch(): WindowBatch | null {
    const rows = this.#rows;
    rows.length = 0;
    for (const stream of this.#waiting) {
      if (rows.length === MAX_BATCH) break;
      this.#waiting.delete(stream);
      if (stream.waiting > 0) rows.push(stream);
    }
    if (rows.length === 0) return null;
    this.#batches[rows.length] ??= new WindowBatch(rows.length);
    const batch = this.#batches[rows.length]!;
    for (let row = 0; row < rows.length; row++) rows[row]!.load(batch, row);
    return batch;
  }

  #report(batch: WindowBatch): void {
    for (let row = 0; row < this.#rows.length; row++) {
      const stream = this.#rows[row]!;
      apart(() => stream.take(batch, row));
      if (stream.waiting > 0) this.#waiting.add(stream);
    }
  }

  #fail(error: unknown): void {
    this.#failure = asParleyError(error, { code: "vad-model-failed", category: "internal" });
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const stream of waiting) apart(() => stream.answerByEnergy());
    for (const tell of this.#onFailure) apart(() => tell(this.#failure!));
    this.#onFailure.clear();
  }

  async #releaseModel(): Promise<void> {
    const model = this.#model;
    this.#model = null;
    await model?.release();
  }
}

/** What one stream's listener throws is a fault of its own, seen as such, and no other stream's. */
function apart(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
