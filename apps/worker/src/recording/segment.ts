import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { SegmentEncoder, Timeline } from "@parley/recording";
import { isFull, segmentFileName } from "./folder.ts";
import type { RecorderSettings, Sound } from "./messages.ts";
import { type SegmentSeal, segmentSeal } from "./sealing.ts";

/** So often, in pages of half a second, it is looked whether there is still room. */
const LOOK_EVERY = 120;

/** Why nothing more can be recorded. */
export class RecordingStopped extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What one process records of one call, on its way into its file. Runs in the thread that encodes. */
export class SegmentFile {
  readonly #settings: RecorderSettings;
  readonly #timeline: Timeline;
  readonly #encoder: SegmentEncoder;
  readonly #fd: number;
  readonly #seal: SegmentSeal | null;
  #pages = 0;
  #isClosed = false;

  /** Throws RecordingStopped `recordings-full`, and what the disk says. */
  constructor(call: { callId: string; epoch: number; nowMs: number; voiceRateHz: number }, settings: RecorderSettings) {
    const { dir } = settings;
    this.#settings = settings;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#checkRoom();
    this.#timeline = new Timeline(call.nowMs, call.voiceRateHz);
    this.#encoder = new SegmentEncoder({ ...call, startMs: this.#timeline.startMs });
    // An epoch's file is never opened again.
    this.#fd = openSync(join(dir, segmentFileName(call.callId, call.epoch)), "wx", 0o600);
    this.#seal = settings.key === null ? null : segmentSeal(settings.key);
    if (this.#seal) writeAll(this.#fd, this.#seal.head);
    this.#write(this.#encoder.head());
  }

  /** Throws what `constructor` throws. */
  take(sounds: readonly Sound[], samples: Int16Array, nowMs: number): void {
    for (const sound of sounds) this.#place(sound, samples);
    this.#timeline.take(nowMs, (frame) => this.#encode(frame));
  }

  /** Idempotent. Throws what the disk says; the file is closed all the same. */
  close(nowMs: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#timeline.take(nowMs, (frame) => this.#encode(frame), true);
      this.#write(this.#encoder.end());
    } finally {
      closeSync(this.#fd);
    }
  }

  /** Leaves the file as it is. */
  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }

  #place(sound: Sound, samples: Int16Array): void {
    switch (sound.type) {
      case "hears":
        this.#timeline.hears(sound.who, sound.atMs, samples.subarray(sound.from, sound.to));
        return;
      case "sounds":
        this.#timeline.sounds(sound.atMs, samples.subarray(sound.from, sound.to));
        return;
      case "cleared":
        this.#timeline.cleared(sound.atMs);
        return;
      case "left":
        this.#timeline.left(sound.who);
        return;
      default:
        sound satisfies never;
    }
  }

  #encode(frame: Int16Array): void {
    const page = this.#encoder.push(frame);
    if (!page) return;
    this.#write(page);
    if (++this.#pages % LOOK_EVERY === 0) this.#checkRoom();
  }

  #write(bytes: Uint8Array): void {
    writeAll(this.#fd, this.#seal?.seal(bytes) ?? bytes);
  }

  #checkRoom(): void {
    const { dir, maxMb } = this.#settings;
    if (isFull(dir, maxMb))
      throw new RecordingStopped(
        "recordings-full",
        `recordings in ${dir} fill the ${maxMb} MB that they may take (PARLEY_RECORDINGS_MAX_MB)`,
      );
  }
}

/** A plain write of a page survives the process; it may take two where the disk is nearly full. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}
