import type { ReadableStreamDefaultReader } from "node:stream/web";
import { type AudioFrame, AudioStream, type RemoteTrack } from "@livekit/rtc-node";
import { HEARING_RATE_HZ } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";
import { routedStream } from "./route-events.ts";

export const HEARING_FRAME_MS = 20;
const FRAME_SAMPLES = (HEARING_RATE_HZ * HEARING_FRAME_MS) / 1000;
/** Sound held back while a pre-connect recording is on its way. */
const MAX_HELD_FRAMES = 10_000 / HEARING_FRAME_MS;

interface Ear {
  participantId: string;
  reader: ReadableStreamDefaultReader<AudioFrame>;
  /** Frames that wait for what was said before them; null when nothing has to come first. */
  held: Int16Array[] | null;
}

/** One stream of sound per subscribed track: 16 kHz mono in frames of 20 ms. */
export class Ears {
  readonly #open = new Map<string, Ear>();
  readonly #onAudio: (participantId: string, frame: Int16Array) => void;
  readonly #log: Log;
  #closed = false;

  constructor(onAudio: (participantId: string, frame: Int16Array) => void, log: Log) {
    this.#onAudio = onAudio;
    this.#log = log;
  }

  /** `before` resolves to what this person said before we were there; the live sound waits for it. */
  open(participantId: string, trackId: string, track: RemoteTrack, before: Promise<Int16Array | null> | null): void {
    this.close(trackId);
    // A track may still come while the room is being left.
    if (this.#closed) return;
    const stream = routedStream(
      () => new AudioStream(track, { sampleRate: HEARING_RATE_HZ, numChannels: 1, frameSizeMs: HEARING_FRAME_MS }),
    );
    const ear: Ear = { participantId, reader: stream.getReader(), held: before ? [] : null };
    this.#open.set(trackId, ear);
    void this.#listen(trackId, ear);
    void before?.then((samples) => this.#begin(trackId, ear, samples));
  }

  close(trackId: string): void {
    const ear = this.#open.get(trackId);
    if (!ear) return;
    this.#open.delete(trackId);
    ear.reader.cancel().catch(() => {});
  }

  /** For good. */
  closeAll(): void {
    this.#closed = true;
    for (const trackId of [...this.#open.keys()]) this.close(trackId);
  }

  async #listen(trackId: string, ear: Ear): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await ear.reader.read();
        if (done || this.#open.get(trackId) !== ear) return;
        if (ear.held === null) this.#onAudio(ear.participantId, value.data);
        else if (ear.held.push(value.data) > MAX_HELD_FRAMES) ear.held.shift();
      }
    } catch (error) {
      this.#log.warn({ trackId, error: messageOf(error) }, "a stream of sound broke off");
    } finally {
      if (this.#open.get(trackId) === ear) this.close(trackId);
    }
  }

  #begin(trackId: string, ear: Ear, samples: Int16Array | null): void {
    const held = ear.held ?? [];
    ear.held = null;
    if (this.#open.get(trackId) !== ear) return;
    for (let at = 0; samples && at < samples.length; at += FRAME_SAMPLES) {
      this.#onAudio(ear.participantId, samples.subarray(at, at + FRAME_SAMPLES));
    }
    for (const frame of held) this.#onAudio(ear.participantId, frame);
  }
}
