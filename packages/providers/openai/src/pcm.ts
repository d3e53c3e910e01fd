/** What begins like this is a file, not raw samples: played, it would be a burst of noise in the caller's ear. */
const FILE_MARKS: Record<string, string> = { RIFF: "WAV", OggS: "Ogg", fLaC: "FLAC", ID3: "MP3" };

/** Bytes as they come into 16-bit samples, little-endian as on every machine Node runs on; keeps half a sample over. */
export class PcmReader {
  #half: number | undefined;

  /** The whole samples so far unread; the caller owns them. Empty when `bytes` has not completed one. */
  read(bytes: Uint8Array): Int16Array {
    const carried = this.#half === undefined ? 0 : 1;
    const total = bytes.length + carried;
    const whole = total - (total % 2);
    // A copy: the network's buffer is reused, and may begin at an odd address where no Int16Array can lie.
    const aligned = new Uint8Array(whole);
    if (carried === 1 && whole > 0) aligned[0] = this.#half as number;
    const taken = whole - carried;
    if (whole > 0) {
      aligned.set(bytes.subarray(0, taken), carried);
      this.#half = undefined;
    }
    if (total % 2 === 1) this.#half = bytes.length > 0 ? bytes[bytes.length - 1] : this.#half;
    return new Int16Array(aligned.buffer);
  }
}

/** Which file format the first bytes of an answer are, if they are one. */
export function fileFormat(firstBytes: Uint8Array): string | undefined {
  const mark = Buffer.from(firstBytes.subarray(0, 4)).toString("latin1");
  return FILE_MARKS[mark] ?? FILE_MARKS[mark.slice(0, 3)];
}
