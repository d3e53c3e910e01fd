import {
  AudioFrame,
  AudioSource,
  LocalAudioTrack,
  type LocalTrackPublication,
  type Room,
  TrackPublishOptions,
  TrackSource,
} from "@livekit/rtc-node";
import { concat } from "@parley/audio";
import type { AudioOut, Clock } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";

const SAMPLE_RATE_HZ = 48_000;
/** Of the native queue; a capture completes at once while less than this is in it. */
const QUEUE_MS = 1000;
/** What may wait here while a capture is under way. The call keeps about 200 ms: this is only ever reached by a fault. */
const MAX_WAITING_MS = 2000;

/**
 * A voice in a room (the agent's, a simulated caller's): one Opus track, mono, 48 kHz. rtc-node's captures are asynchronous and run on several threads, so
 * one is under way at a time, and what is written meanwhile goes with the next as one frame (fewer frames cost less).
 */
export class AgentVoice implements AudioOut {
  readonly sampleRateHz = SAMPLE_RATE_HZ;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #source = new AudioSource(SAMPLE_RATE_HZ, 1, QUEUE_MS);
  readonly #track: LocalAudioTrack;
  #waiting: Int16Array[] = [];
  #waitingSamples = 0;
  #capturing = false;
  /** Rises with every clear: a capture begun before it may land in the queue after it. */
  #generation = 0;
  /** When all that was handed to the native queue will have been played. */
  #playedAt = 0;
  #closed = false;

  constructor(clock: Clock, log: Log, trackName = "agent") {
    this.#clock = clock;
    this.#log = log;
    this.#track = LocalAudioTrack.createAudioTrack(trackName, this.#source);
  }

  async publish(room: Room, bitrateBps: number): Promise<LocalTrackPublication> {
    const options = new TrackPublishOptions({
      source: TrackSource.SOURCE_MICROPHONE,
      audioEncoding: { maxBitrate: BigInt(bitrateBps) },
    });
    return room.localParticipant!.publishTrack(this.#track, options);
  }

  write(frame: Int16Array): void {
    if (this.#closed || frame.length === 0) return;
    if (this.#waitingSamples + frame.length > (MAX_WAITING_MS * SAMPLE_RATE_HZ) / 1000) {
      this.#log.warn({ droppedSamples: frame.length }, "the agent's voice is not being taken: dropped a frame");
      return;
    }
    this.#waiting.push(frame.slice());
    this.#waitingSamples += frame.length;
    this.#pump();
  }

  queuedMs(): number {
    const waitingMs = (this.#waitingSamples * 1000) / SAMPLE_RATE_HZ;
    return waitingMs + Math.max(0, this.#playedAt - this.#clock.now());
  }

  clear(): void {
    this.#generation++;
    this.#waiting = [];
    this.#waitingSamples = 0;
    this.#playedAt = 0;
    if (!this.#closed) this.#source.clearQueue();
  }

  /** Idempotent. Only after the room was left: the track is in use until then. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.clear();
    this.#closed = true;
    await this.#track.close(true);
  }

  #pump(): void {
    if (this.#capturing || this.#closed || this.#waitingSamples === 0) return;
    const samples = this.#waiting.length === 1 ? this.#waiting[0]! : concat(this.#waiting);
    this.#waiting = [];
    this.#waitingSamples = 0;
    const durationMs = (samples.length * 1000) / SAMPLE_RATE_HZ;
    this.#playedAt = Math.max(this.#playedAt, this.#clock.now()) + durationMs;
    const generation = this.#generation;
    this.#capturing = true;
    this.#source.captureFrame(new AudioFrame(samples, SAMPLE_RATE_HZ, 1, samples.length)).then(
      () => this.#captured(generation),
      (error) => {
        if (!this.#closed) this.#log.warn({ error: messageOf(error) }, "a frame of the agent's voice was lost");
        this.#captured(generation);
      },
    );
  }

  #captured(generation: number): void {
    this.#capturing = false;
    if (generation !== this.#generation && !this.#closed) this.#source.clearQueue();
    this.#pump();
  }
}
