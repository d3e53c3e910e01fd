import { spawnSync } from "node:child_process";
import { encodeWav } from "@parley/audio";

/** An MP3 file of these samples, made by `lame`, which `npm test` installs. Throws without it. */
export function mp3Of(samples: Int16Array, sampleRateHz: number): Uint8Array {
  const { stdout, status, error } = spawnSync("lame", ["--quiet", "-b", "32", "-", "-"], {
    input: encodeWav(samples, sampleRateHz),
    maxBuffer: 16 * 1024 * 1024,
  });
  if (status !== 0) throw new Error("lame made no MP3: npm test installs it", { cause: error });
  return stdout;
}
