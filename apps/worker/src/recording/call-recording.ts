import { ParleyError, type Recording, type RecordingOptions } from "@parley/engine";
import type { Sound, ToRecorder } from "./messages.ts";

/** A quarter of a second of two voices fits, whatever rate the agent's has up to 48 kHz. */
const BLOCK_SAMPLES = 24_000;
/** Blocks that the thread has not dealt with: some five seconds. Then it is given up, never the call. */
const MOST_WAITING = 24;

/** One call's sound on its way to the thread: copied into blocks, a few a second. */
export class CallRecording implements Recording {
  readonly #id: number;
  readonly #options: RecordingOptions;
  readonly #post: (message: ToRecorder, transfer?: ArrayBuffer[]) => void;
  #samples = new Int16Array(BLOCK_SAMPLES);
  #filled = 0;
  #sounds: Sound[] = [];
  #waiting = 0;
  #isClosed = false;

  constructor(id: number, options: RecordingOptions, post: (message: ToRecorder, transfer?: ArrayBuffer[]) => void) {
    this.#id = id;
    this.#options = options;
    this.#post = post;
    const { callId, epoch, voiceRateHz } = options;
    post({ type: "open", id, callId, epoch, nowMs: options.now(), voiceRateHz });
  }

  get callId(): string {
    return this.#options.callId;
  }

  hears(participantId: string, frame: Int16Array): void {
    const from = this.#keep(frame);
    if (from === null) return;
    this.#sounds.push({ type: "hears", who: participantId, atMs: this.#options.now(), from, to: this.#filled });
  }

  sounds(atMs: number, samples: Int16Array): void {
    const from = this.#keep(samples);
    if (from !== null) this.#sounds.push({ type: "sounds", atMs, from, to: this.#filled });
  }

  cleared(nowMs: number): void {
    if (!this.#isClosed) this.#sounds.push({ type: "cleared", atMs: nowMs });
  }

  left(participantId: string): void {
    if (!this.#isClosed) this.#sounds.push({ type: "left", who: participantId });
  }

  /** Sends what there is; time goes on also when nothing sounds. */
  flush(): void {
    if (this.#isClosed) return;
    if (this.#waiting >= MOST_WAITING) {
      this.fail("recording-behind", `${MOST_WAITING} blocks of it wait to be encoded: this machine is too busy`);
      return;
    }
    this.#waiting++;
    const samples = this.#samples.slice(0, this.#filled);
    const block = { type: "block", id: this.#id, nowMs: this.#options.now(), sounds: this.#sounds, samples } as const;
    this.#post(block, [samples.buffer]);
    this.#filled = 0;
    this.#sounds = [];
  }

  /** The thread has dealt with a block. */
  done(): void {
    this.#waiting--;
  }

  close(): void {
    if (this.#isClosed) return;
    this.flush();
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#post({ type: "close", id: this.#id, nowMs: this.#options.now() });
  }

  /** What the thread has is kept. */
  fail(code: string, message: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#post({ type: "close", id: this.#id, nowMs: this.#options.now() });
    this.#options.failed(new ParleyError(`The recording ends: ${message}`, { code, category: "internal" }));
  }

  /** Where the copy of a frame begins; null: it is not wanted any more. */
  #keep(frame: Int16Array): number | null {
    if (this.#filled + frame.length > BLOCK_SAMPLES) this.flush();
    if (this.#isClosed || frame.length > BLOCK_SAMPLES) return null;
    const from = this.#filled;
    this.#samples.set(frame, from);
    this.#filled += frame.length;
    return from;
  }
}
