import { AudioFormatError } from "./error.ts";
import { type SampleCoding, sampleReader } from "./sample-reader.ts";

/** A decoded recording: mono, 16 bit. */
export interface Recording {
  samples: Int16Array;
  sampleRateHz: number;
}

interface Format extends SampleCoding {
  channels: number;
  sampleRateHz: number;
}

const HINT = "use a WAV file of 16-bit PCM, e.g. made by `sox in.mp3 -b 16 -c 1 out.wav`";
const EXTENSIBLE = 0xfffe;

/**
 * Reads a WAV file: PCM of 8, 16, 24 or 32 bits, float of 32 or 64, WAVE_FORMAT_EXTENSIBLE, any number of channels
 * (mixed to mono). Files that were streamed, with sizes of 0 or 0xffffffff, or cut short, give what is there.
 * Throws AudioFormatError.
 */
export function decodeWav(bytes: Uint8Array): Recording {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 0) throw new AudioFormatError(`No WAV file: it is empty; ${HINT}`);
  if (bytes.length < 12 || tag(view, 0) !== "RIFF" || tag(view, 8) !== "WAVE") {
    throw new AudioFormatError(`No WAV file: it ${describeStart(view)}; ${HINT}`);
  }
  let format: Format | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = tag(view, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (name === "fmt ") format = readFormat(view, body, Math.min(size, bytes.length - body));
    if (name === "data") {
      if (!format) throw new AudioFormatError(`Broken WAV file: sound before the 'fmt ' chunk; ${HINT}`);
      return { samples: readMono(view, body, dataBytes(view, body, size), format), sampleRateHz: format.sampleRateHz };
    }
    at = body + size + (size % 2);
  }
  throw new AudioFormatError(`Broken WAV file: no 'data' chunk in ${bytes.length} bytes; ${HINT}`);
}

/** A program that streams cannot know the size: it writes 0, or one that passes the end of the file. */
function dataBytes(view: DataView, body: number, size: number): number {
  const there = view.byteLength - body;
  const riffSize = view.getUint32(4, true);
  const streamed = size === 0 && (riffSize === 0 || riffSize >= 0xffff_0000);
  return streamed ? there : Math.min(size, there);
}

function readFormat(view: DataView, at: number, size: number): Format {
  if (size < 16) throw new AudioFormatError(`Broken WAV file: its 'fmt ' chunk is cut short; ${HINT}`);
  let coding = view.getUint16(at, true);
  // In the extensible form the real coding is the first two bytes of the sub-format's GUID.
  if (coding === EXTENSIBLE && size >= 26) coding = view.getUint16(at + 24, true);
  const format = {
    coding,
    channels: view.getUint16(at + 2, true),
    sampleRateHz: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
  if (format.channels < 1) throw new AudioFormatError(`Broken WAV file: it has no channels; ${HINT}`);
  if (format.sampleRateHz < 1000 || format.sampleRateHz > 768_000) {
    throw new AudioFormatError(`Broken WAV file: a sample rate of ${format.sampleRateHz} Hz; ${HINT}`);
  }
  return format;
}

function readMono(view: DataView, at: number, size: number, format: Format): Int16Array {
  const read = sampleReader(view, format, HINT);
  const sampleBytes = format.bits / 8;
  const { channels } = format;
  const samples = new Int16Array(Math.floor(size / (sampleBytes * channels)));
  for (let i = 0; i < samples.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read(at + (i * channels + channel) * sampleBytes);
    const mixed = Math.round(sum / channels);
    samples[i] = Math.max(-32_768, Math.min(32_767, mixed));
  }
  return samples;
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

/** Names the usual mix-ups, so that the person need not guess. */
function describeStart(view: DataView): string {
  if (view.byteLength < 4) return `is only ${view.byteLength} bytes long`;
  const start = tag(view, 0);
  if (start === "OggS") return "is an Ogg file";
  if (start === "fLaC") return "is a FLAC file";
  if (start === "RIFX") return "is a big-endian (RIFX) file";
  if (start === "RF64") return "is an RF64 file";
  if (start.startsWith("ID3") || view.getUint16(0) >> 5 === 0x7ff) return "is an MP3 file";
  if (view.byteLength >= 8 && tag(view, 4) === "ftyp") return "is an MP4 file";
  if (start.startsWith("{") || start.startsWith("<")) return "is text, perhaps an error page";
  return "does not begin with RIFF…WAVE";
}
