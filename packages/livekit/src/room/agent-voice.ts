import {
  AudioFrame,
  type AudioSource,
  LocalAudioTrack,
  type LocalTrackPublication,
  type Room,
  RoomEvent,
  TrackPublishOptions,
  TrackSource,
} from "@livekit/rtc-node";
import { concat } from "@parley/audio";
import type { AudioOut, Clock } from "@parley/engine";
import { type Log, messageOf } from "../log.ts";
import { returnSource, takeSource, VOICE_RATE_HZ } from "./audio-sources.ts";
import { bounded } from "./bounded.ts";
import { type KeepPublished, keepPublished } from "./keep-published.ts";
import { hasSender, type Outbound, outboundOf } from "./track-stats.ts";

/**
 * The native source sends silence when it has nothing else, and up to some 76 kbit/s Opus codes that, like speech, with
 * its model of a voice: 0.036 cores for a silent voice and 0.057 for one that speaks; from here on it is 0.018
 * and 0.041 (`node bench/src/silence/main.ts`). Of silence a packet is sent now and then either way.
 */
export const VOICE_BITRATE_BPS = 80_000;
const CAPTURE_TIMEOUT_MS = 3000;
/** What may wait here while a capture is under way. The call keeps about 200 ms: this is only ever reached by a fault. */
const MAX_WAITING_MS = 2000;

/**
 * A voice in a room (the agent's, a simulated caller's): one Opus track, mono, 24 kHz. rtc-node's captures are asynchronous and run on several threads, so
 * one is under way at a time, and what is written meanwhile goes with the next as one frame (fewer frames cost less).
 */
export class AgentVoice implements AudioOut {
  readonly sampleRateHz = VOICE_RATE_HZ;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #source: AudioSource = takeSource();
  readonly #track: LocalAudioTrack;
  #waiting: Int16Array[] = [];
  #waitingSamples = 0;
  #capturing: Promise<void> | null = null;
  /** Rises with every clear: a capture begun before it may land in the queue after it. */
  #generation = 0;
  /** When all that was handed to the native queue will have been played. */
  #playedAt = 0;
  #keeper: KeepPublished | null = null;
  #closed = false;

  constructor(clock: Clock, log: Log, trackName = "agent") {
    this.#clock = clock;
    this.#log = log;
    this.#track = LocalAudioTrack.createAudioTrack(trackName, this.#source);
  }

  /** Once. The track stays in the room until the voice is closed, also when the connection is made anew. */
  async publish(room: Room, bitrateBps: number): Promise<LocalTrackPublication> {
    const options = new TrackPublishOptions({
      source: TrackSource.SOURCE_MICROPHONE,
      audioEncoding: { maxBitrate: BigInt(bitrateBps) },
    });
    const participant = room.localParticipant!;
    const published = await participant.publishTrack(this.#track, options);
    this.#keeper = keepPublished({
      clock: this.#clock,
      log: this.#log,
      isPublished: () => hasSender(this.#track, this.#clock),
      publish: () => {
        // What stands there is the publication that was lost.
        participant.trackPublications.clear();
        return participant.publishTrack(this.#track, options);
      },
    });
    room.on(RoomEvent.Reconnected, this.#keeper.reconnected);
    return published;
  }

  write(frame: Int16Array): void {
    if (this.#closed || frame.length === 0) return;
    if (this.#waitingSamples + frame.length > (MAX_WAITING_MS * VOICE_RATE_HZ) / 1000) {
      this.#log.warn({ droppedSamples: frame.length }, "the agent's voice is not being taken: dropped a frame");
      return;
    }
    this.#waiting.push(frame.slice());
    this.#waitingSamples += frame.length;
    this.#pump();
  }

  queuedMs(): number {
    const waitingMs = (this.#waitingSamples * 1000) / VOICE_RATE_HZ;
    return waitingMs + Math.max(0, this.#playedAt - this.#clock.now());
  }

  clear(): void {
    this.#generation++;
    this.#waiting = [];
    this.#waitingSamples = 0;
    this.#playedAt = 0;
    if (!this.#closed) this.#source.clearQueue();
  }

  /** What the server says of the track; null when it cannot be known. */
  outbound(): Promise<Outbound | null> {
    return outboundOf(this.#track, this.#clock);
  }

  /**
   * Idempotent. Only after the room was left: the track is in use until then. `serverEnded`: the room was not left but
   * ended by the server.
   */
  async close(serverEnded = false): Promise<void> {
    if (this.#closed) return;
    this.#keeper?.close();
    this.clear();
    this.#closed = true;
    // What is on its way must not be heard in the next call that uses this source.
    await bounded(this.#clock, CAPTURE_TIMEOUT_MS, "take the last frame", this.#capturing ?? Promise.resolve()).catch(
      (error) => this.#log.warn({ error: messageOf(error) }, "the agent's voice did not end cleanly"),
    );
    await this.#track.close(false);
    await returnSource(this.#source, serverEnded);
  }

  #pump(): void {
    if (this.#capturing || this.#closed || this.#waitingSamples === 0) return;
    const samples = this.#waiting.length === 1 ? this.#waiting[0]! : concat(this.#waiting);
    this.#waiting = [];
    this.#waitingSamples = 0;
    const durationMs = (samples.length * 1000) / VOICE_RATE_HZ;
    this.#playedAt = Math.max(this.#playedAt, this.#clock.now()) + durationMs;
    const generation = this.#generation;
    this.#capturing = this.#source
      .captureFrame(new AudioFrame(samples, VOICE_RATE_HZ, 1, samples.length))
      .catch((error) => {
        if (!this.#closed) this.#log.warn({ error: messageOf(error) }, "a frame of the agent's voice was lost");
      })
      .then(() => this.#captured(generation));
  }

  #captured(generation: number): void {
    this.#capturing = null;
    if (generation !== this.#generation && !this.#closed) this.#source.clearQueue();
    this.#pump();
  }
}
