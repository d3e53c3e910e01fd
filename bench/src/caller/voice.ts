import { AudioFrame, AudioSource } from "@livekit/rtc-node";
import { CLIP_RATE_HZ, type Clip } from "../clips.ts";

type Sound = Pick<Clip, "samples" | "firstMs" | "lastMs">;

const FRAME_MS = 20;
const FRAME_SAMPLES = (CLIP_RATE_HZ * FRAME_MS) / 1000;
/** How much is queued ahead of its time. */
const LEAD_MS = 60;
const QUEUE_MS = 400;
const SILENCE = new Int16Array(FRAME_SAMPLES);

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

/** A microphone that never stops: silence, or a clip in real time. `pump` is called every 20 ms. */
export class Voice {
  readonly source = new AudioSource(CLIP_RATE_HZ, 1, QUEUE_MS);
  lateFrames = 0;
  #playedUntil = 0;
  #speaking: Speaking | undefined;

  speak(clip: Sound): Utterance {
    const started = Promise.withResolvers<number>();
    const finished = Promise.withResolvers<number>();
    this.#speaking = { clip, position: 0, start: started.resolve, finish: finished.resolve, endAt: 0 };
    return { started: started.promise, finished: finished.promise };
  }

  pump(at: number): void {
    while (this.#playedUntil < at + LEAD_MS) {
      if (this.#playedUntil < at) {
        if (this.#speaking !== undefined && this.#speaking.position > 0) this.lateFrames++;
        this.#playedUntil = at;
      }
      const frame = new AudioFrame(this.#next(), CLIP_RATE_HZ, 1, FRAME_SAMPLES);
      this.source.captureFrame(frame).catch(() => {}); // the room is closing
      this.#playedUntil += FRAME_MS;
    }
  }

  #next(): Int16Array {
    const speaking = this.#speaking;
    if (speaking === undefined) return SILENCE;
    const { clip, position } = speaking;
    const offsetMs = (position / CLIP_RATE_HZ) * 1000;
    if (position === 0) speaking.start(this.#playedUntil + clip.firstMs);
    if (clip.lastMs > offsetMs) speaking.endAt = this.#playedUntil + clip.lastMs - offsetMs;
    const frame = new Int16Array(FRAME_SAMPLES);
    frame.set(clip.samples.subarray(position, position + FRAME_SAMPLES));
    speaking.position += FRAME_SAMPLES;
    if (speaking.position >= clip.samples.length) {
      this.#speaking = undefined;
      speaking.finish(speaking.endAt);
    }
    return frame;
  }
}
