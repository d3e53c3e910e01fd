import { AudioFrame, AudioSource } from "@livekit/rtc-node";
import { CLIP_RATE_HZ, type Clip } from "../clips.ts";

type Sound = Pick<Clip, "samples" | "firstMs" | "lastMs">;

/** Few, long pieces: each costs its way through the native library, at all targets' expense. */
const PIECE_MS = 60;
const PIECE_SAMPLES = (CLIP_RATE_HZ * PIECE_MS) / 1000;
/** How much is queued ahead of its time: a microphone does not stumble when a machine is busy. */
const LEAD_MS = 200;
const QUEUE_MS = 600;

/** Times at which the first and the last voiced sample are played out. */
export interface Utterance {
  started: Promise<number>;
  finished: Promise<number>;
}

interface Speaking {
  clip: Sound;
  position: number;
  start(at: number): void;
  finish(at: number): void;
  endAt: number;
}

/**
 * A microphone: a clip in real time, in between the silence that the native source makes of itself. `pump` is called every
 * 20 ms, or when it can be. What a busy machine's source slips behind is made up for in the next silence.
 */
export class Voice {
  readonly source = new AudioSource(CLIP_RATE_HZ, 1, QUEUE_MS);
  /** Pieces of speech that came when their time was over: the caller's own holes. */
  latePieces = 0;
  #playedUntil = 0;
  #speaking: Speaking | undefined;

  speak(clip: Sound): Utterance {
    const started = Promise.withResolvers<number>();
    const finished = Promise.withResolvers<number>();
    this.#speaking = { clip, position: 0, start: started.resolve, finish: finished.resolve, endAt: 0 };
    return { started: started.promise, finished: finished.promise };
  }

  pump(at: number): void {
    while (this.#speaking !== undefined && this.#playedUntil < at + LEAD_MS) {
      if (this.#playedUntil < at) {
        if (this.#speaking.position > 0) this.latePieces++;
        this.#playedUntil = at;
      }
      const frame = new AudioFrame(this.#next(this.#speaking), CLIP_RATE_HZ, 1, PIECE_SAMPLES);
      this.source.captureFrame(frame).catch(() => {}); // the room is closing
      this.#playedUntil += PIECE_MS;
    }
  }

  #next(speaking: Speaking): Int16Array {
    const { clip, position } = speaking;
    const offsetMs = (position / CLIP_RATE_HZ) * 1000;
    if (position === 0) speaking.start(this.#playedUntil + clip.firstMs);
    if (clip.lastMs > offsetMs) speaking.endAt = this.#playedUntil + clip.lastMs - offsetMs;
    const frame = new Int16Array(PIECE_SAMPLES);
    frame.set(clip.samples.subarray(position, position + PIECE_SAMPLES));
    speaking.position += PIECE_SAMPLES;
    if (speaking.position >= clip.samples.length) {
      this.#speaking = undefined;
      speaking.finish(speaking.endAt);
    }
    return frame;
  }
}
