import type { ByteStreamReader, Room } from "@livekit/rtc-node";
import type { Clock } from "@parley/engine";
import { type Log, messageOf } from "../../log.ts";
import { bounded } from "../bounded.ts";
import { decodePreConnect } from "./decode.ts";

/** The topic on which a client sends what its user said before the agent was there. */
export const PRE_CONNECT_TOPIC = "lk.agent.pre-connect-audio-buffer";
/** AudioTrackFeature.TF_PRECONNECT_BUFFER: the track's owner will send such a recording. */
export const PRE_CONNECT_FEATURE = 6;

/** LiveKit Agents' own figures. */
const WAIT_MS = 3000;
const READ_TIMEOUT_MS = 10_000;
/** Speech from longer ago would be taken for something said now. */
const STALE_MS = 1000;

interface Entry {
  samples: Int16Array | null;
  arrivedAt: number;
}

/** Receives pre-connect recordings and keeps each until its track is heard. */
export class PreConnectAudio {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #arrived = new Map<string, Entry>();
  readonly #waiting = new Map<string, (samples: Int16Array | null) => void>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  attach(room: Room): void {
    room.registerByteStreamHandler(PRE_CONNECT_TOPIC, (reader, { identity }) => void this.#read(reader, identity));
  }

  /** What was said before this track was heard, 16 kHz mono; null when nothing comes within 3 s. Never rejects. */
  take(trackId: string): Promise<Int16Array | null> {
    const entry = this.#arrived.get(trackId);
    this.#arrived.delete(trackId);
    if (entry) {
      const stale = this.#clock.now() - entry.arrivedAt > STALE_MS;
      return Promise.resolve(stale ? null : entry.samples);
    }
    return new Promise((resolve) => {
      const cancel = this.#clock.after(WAIT_MS, () => {
        this.#log.warn({ trackId, waitMs: WAIT_MS }, "the promised pre-connect recording did not come");
        settle(null);
      });
      const settle = (samples: Int16Array | null) => {
        cancel();
        this.#waiting.delete(trackId);
        resolve(samples);
      };
      this.#waiting.get(trackId)?.(null);
      this.#waiting.set(trackId, settle);
    });
  }

  close(): void {
    for (const settle of [...this.#waiting.values()]) settle(null);
    this.#arrived.clear();
  }

  async #read(reader: ByteStreamReader, participantId: string): Promise<void> {
    const { attributes = {}, mimeType } = reader.info;
    const trackId = attributes.trackId ?? "";
    let samples: Int16Array | null = null;
    try {
      const reading = reader.readAll();
      const chunks = await bounded(this.#clock, READ_TIMEOUT_MS, "deliver a pre-connect recording", reading);
      samples = decodePreConnect(Buffer.concat(chunks), {
        mimeType,
        sampleRateHz: Number(attributes.sampleRate),
        channels: Number(attributes.channels),
      });
    } catch (error) {
      this.#log.warn({ participantId, trackId, error: messageOf(error) }, "a pre-connect recording could not be used");
      void reader.close();
    }
    const settle = this.#waiting.get(trackId);
    if (settle) settle(samples);
    else this.#keep(trackId, samples);
  }

  /** For a track that is not heard yet; only the newest few, for not every track need ever be heard. */
  #keep(trackId: string, samples: Int16Array | null): void {
    this.#arrived.set(trackId, { samples, arrivedAt: this.#clock.now() });
    if (this.#arrived.size > 8) this.#arrived.delete(this.#arrived.keys().next().value!);
  }
}
