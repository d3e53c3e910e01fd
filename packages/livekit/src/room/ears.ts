import type { ReadableStreamDefaultReader } from "node:stream/web";
import { type AudioFrame, AudioStream, type RemoteTrack } from "@livekit/rtc-node";
import { HEARING_RATE_HZ } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";
import { routedStream } from "./route-events.ts";

/** Sound held back while a pre-connect recording is on its way. */
const MAX_HELD_MS = 10_000;

export interface EarsOptions {
  /** How much sound comes at once. Each frame costs its way through the native library. */
  frameMs: number;
  onAudio(participantId: string, frame: Int16Array): void;
  log: Log;
}

interface Ear {
  participantId: string;
  reader: ReadableStreamDefaultReader<AudioFrame>;
  /** Frames that wait for what was said before them; null when nothing has to come first. */
  held: Int16Array[] | null;
}

/** One stream of sound per subscribed track: 16 kHz mono. */
export class Ears {
  readonly #open = new Map<string, Ear>();
  readonly #options: EarsOptions;
  #closed = false;

  constructor(options: EarsOptions) {
    this.#options = options;
  }

  /** `before` resolves to what this person said before we were there; the live sound waits for it. */
  open(participantId: string, trackId: string, track: RemoteTrack, before: Promise<Int16Array | null> | null): void {
    this.close(trackId);
    // A track may still come while the room is being left.
    if (this.#closed) return;
    const { frameMs } = this.#options;
    const stream = routedStream(
      () => new AudioStream(track, { sampleRate: HEARING_RATE_HZ, numChannels: 1, frameSizeMs: frameMs }),
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
    const { frameMs, onAudio, log } = this.#options;
    try {
      for (;;) {
        const { done, value } = await ear.reader.read();
        if (done || this.#open.get(trackId) !== ear) return;
        if (ear.held === null) onAudio(ear.participantId, value.data);
        else if (ear.held.push(value.data) * frameMs > MAX_HELD_MS) ear.held.shift();
      }
    } catch (error) {
      log.warn({ trackId, error: messageOf(error) }, "a stream of sound broke off");
    } finally {
      if (this.#open.get(trackId) === ear) this.close(trackId);
    }
  }

  #begin(trackId: string, ear: Ear, samples: Int16Array | null): void {
    const { frameMs, onAudio } = this.#options;
    const frameSamples = (frameMs * HEARING_RATE_HZ) / 1000;
    const held = ear.held ?? [];
    ear.held = null;
    if (this.#open.get(trackId) !== ear) return;
    for (let at = 0; samples && at < samples.length; at += frameSamples) {
      onAudio(ear.participantId, samples.subarray(at, at + frameSamples));
    }
    for (const frame of held) onAudio(ear.participantId, frame);
  }
}
