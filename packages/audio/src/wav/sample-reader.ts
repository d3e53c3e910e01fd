import { AudioFormatError } from "./error.ts";

/** How one sample is written. `coding` is the WAVE format tag: 1 PCM, 3 float. */
export interface SampleCoding {
  coding: number;
  bits: number;
}

const PCM = 1;
const FLOAT = 3;
const KNOWN_OTHERS: Record<number, string> = {
  2: "Microsoft ADPCM",
  6: "A-law",
  7: "mu-law",
  17: "IMA ADPCM",
  49: "GSM 6.10",
  85: "MP3",
};

/** A function that reads the sample at a byte offset, scaled to 16 bits (not yet rounded or saturated). */
export function sampleReader(view: DataView, { coding, bits }: SampleCoding, hint: string): (at: number) => number {
  if (coding === PCM) {
    // 8-bit WAV is unsigned, all wider ones are signed.
    if (bits === 8) return (at) => (view.getUint8(at) - 128) * 256;
    if (bits === 16) return (at) => view.getInt16(at, true);
    if (bits === 24) return (at) => view.getInt16(at + 1, true) + view.getUint8(at) / 256;
    if (bits === 32) return (at) => view.getInt32(at, true) / 65_536;
  }
  if (coding === FLOAT) {
    if (bits === 32) return (at) => finite(view.getFloat32(at, true)) * 32_768;
    if (bits === 64) return (at) => finite(view.getFloat64(at, true)) * 32_768;
  }
  const name =
    coding === PCM || coding === FLOAT
      ? `${bits}-bit ${coding === PCM ? "PCM" : "float"}`
      : (KNOWN_OTHERS[coding] ?? `format tag ${coding}`);
  throw new AudioFormatError(`This WAV file's sound is coded as ${name}, which is not read; ${hint}`);
}

/** A NaN in a recording must not reach a filter. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
