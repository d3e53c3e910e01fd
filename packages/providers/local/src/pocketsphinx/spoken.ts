import { ParleyError, type SttResult, type SttUtterance } from "@parley/engine";
import type { DecoderModel, DecoderPool, Utterance } from "./decoder-pool.ts";
import type { Segment } from "./protocol.ts";
import { interimText, judge } from "./verdict.ts";

/** Sound goes to the decoder in pieces of 100 ms. */
const PIECE_SAMPLES = 1600;
/** Longer than anybody speaks without a pause; what follows is not listened to. */
const MAX_SAMPLES = 60 * 16_000;

export interface SpokenOptions {
  speaker: number;
  pool: DecoderPool;
  /** The model may still be in the making when the person speaks. */
  model: Promise<DecoderModel>;
  /** After `finish`. */
  timeoutMs: number;
  onInterim: ((text: string) => void) | undefined;
  /** Called once, when nothing more will come of this utterance. */
  onClosed(): void;
}

/** One utterance: collects its sound, gives it to a decoder, and resolves with what was said. */
export class Spoken implements SttUtterance {
  readonly #options: SpokenOptions;
  readonly #sound: Int16Array[] = [];
  #piece = new Int16Array(PIECE_SAMPLES);
  #filled = 0;
  #total = 0;
  #finished = false;
  #job: Utterance | undefined;
  #outcome: { result: SttResult } | { error: ParleyError } | undefined;
  #waiter: { resolve(result: SttResult): void; reject(error: ParleyError): void } | undefined;

  constructor(options: SpokenOptions) {
    this.#options = options;
    options.model.then(
      (model) => this.#begin(model),
      (error: ParleyError) => this.#settle({ error }),
    );
  }

  push(frame: Int16Array): void {
    if (this.#finished || this.#outcome !== undefined || this.#total >= MAX_SAMPLES) return;
    this.#total += frame.length;
    let at = 0;
    while (at < frame.length) {
      const part = frame.subarray(at, at + PIECE_SAMPLES - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < PIECE_SAMPLES) return;
      this.#sound.push(this.#piece);
      this.#piece = new Int16Array(PIECE_SAMPLES);
      this.#filled = 0;
      this.#advance();
    }
  }

  finish(signal: AbortSignal): Promise<SttResult> {
    if (signal.aborted) this.cancel();
    if (!this.#finished && this.#outcome === undefined) {
      this.#finished = true;
      if (this.#filled > 0) this.#sound.push(this.#piece.subarray(0, this.#filled));
      this.#advance();
    }
    return new Promise((resolve, reject) => {
      const outcome = this.#outcome;
      if (outcome !== undefined) return "result" in outcome ? resolve(outcome.result) : reject(outcome.error);
      const stop = () => this.cancel();
      const timer = setTimeout(() => this.#settle({ error: this.#tooSlow() }), this.#options.timeoutMs);
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
      };
      signal.addEventListener("abort", stop, { once: true });
      this.#waiter = {
        resolve: (result) => {
          done();
          resolve(result);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
    });
  }

  cancel(): void {
    this.#settle({
      error: new ParleyError("Listening was cancelled", { code: "stt-cancelled", category: "cancelled" }),
    });
  }

  /** Ends it from the session's side. */
  close(): void {
    this.cancel();
  }

  #begin(model: DecoderModel): void {
    if (this.#outcome !== undefined) return;
    const spoken = this;
    const job: Utterance = {
      model,
      speaker: this.#options.speaker,
      sound: this.#sound,
      get finished() {
        return spoken.#finished;
      },
      interim: (text) => this.#interim(text),
      final: (segments: readonly Segment[]) => this.#settle({ result: judge(segments) }),
      failed: (error) => this.#settle({ error }),
    };
    this.#job = job;
    this.#options.pool.begin(job);
  }

  #advance(): void {
    if (this.#job !== undefined) this.#options.pool.advance(this.#job);
  }

  #interim(hypothesis: string): void {
    const text = interimText(hypothesis);
    if (text !== "" && !this.#finished) this.#options.onInterim?.(text);
  }

  #settle(outcome: { result: SttResult } | { error: ParleyError }): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    if (this.#job !== undefined) this.#options.pool.cancel(this.#job);
    this.#sound.length = 0;
    this.#options.onClosed();
    if ("result" in outcome) this.#waiter?.resolve(outcome.result);
    else this.#waiter?.reject(outcome.error);
    this.#waiter = undefined;
  }

  #tooSlow(): ParleyError {
    return new ParleyError(`PocketSphinx did not answer within ${this.#options.timeoutMs} ms of the utterance's end`, {
      code: "stt-timeout",
      category: "timeout",
      retryable: true,
    });
  }
}
