import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { joinSegments, RATE_HZ } from "./index.ts";
import { recordBeeps, stretchesOf } from "./test/beeps.ts";

it("a joined recording is Ogg Opus to opus-tools too, with everything at its place", () => {
  const dir = mkdtempSync(join(tmpdir(), "parley-recording-"));
  try {
    const first = recordBeeps(1, 0, 2000, [{ side: "callers", fromMs: 500, toMs: 1000, hz: 500 }]);
    const second = recordBeeps(2, 3000, 5000, [{ side: "agent", fromMs: 4000, toMs: 4500, hz: 800 }]);
    const [ogg, wav] = [join(dir, "call.ogg"), join(dir, "call.wav")];
    writeFileSync(ogg, joinSegments([first, second]).bytes);
    // It ends with 1 and says what is wrong when a checksum, a granule position or a head is.
    const report = execFileSync("opusinfo", [ogg], { encoding: "utf8" });
    expect(report).toMatch(/Playback length: 0m:05\.0\d+s/);
    expect(report).not.toMatch(/warning|error/i);
    execFileSync("opusdec", ["--quiet", "--no-dither", "--rate", String(RATE_HZ), ogg, wav]);
    const sound = readFileSync(wav).subarray(44);
    const samples = new Int16Array(sound.buffer.slice(sound.byteOffset, sound.byteOffset + (sound.length & ~3)));
    const channel = (n: number) => stretchesOf(samples.filter((_, i) => i % 2 === n));
    expect(channel(0)).toEqual([{ fromMs: expect.closeTo(500, -1.2), toMs: expect.closeTo(1000, -1.2), hz: 500 }]);
    expect(channel(1)).toEqual([{ fromMs: expect.closeTo(4000, -1.2), toMs: expect.closeTo(4500, -1.2), hz: 800 }]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
