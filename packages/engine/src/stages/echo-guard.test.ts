import { applyGain, concat, peak, rms, toDb } from "@parley/audio";
import { mix, noise, silence, speechClip, tone } from "@parley/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { HEARING_RATE_HZ } from "../ports/index.ts";
import { EchoGuard } from "./echo-guard.ts";
import { FarEnd, PIECE_MS } from "./far-end.ts";

const PIECE = (HEARING_RATE_HZ * PIECE_MS) / 1000;
const ROOM_DB = -62;

const voices: Record<string, Int16Array> = {};
beforeAll(async () => {
  const even = (clip: Int16Array) => applyGain(clip, 16_000 / peak(clip));
  const said = "We have several rooms that may suit you, and all of them look out over the old harbour and the church.";
  const asked = "Actually I need something else, can you tell me where I can leave my car until tomorrow evening?";
  voices.agent = even(await speechClip(said, { voice: "rms" }));
  voices.slt = even(await speechClip(asked, { voice: "slt" }));
  voices.awb = even(await speechClip(asked, { voice: "awb" }));
  voices.tone = tone(6_000, HEARING_RATE_HZ, 440, -12);
}, 60_000);

/** Of a person's line, piece by piece, while the agent says `played`: how loud it is, and whether it was taken for an echo. */
function judged(played: Int16Array, line: Int16Array): { level: number; isEcho: boolean }[] {
  const far = new FarEnd();
  const guard = new EchoGuard(far);
  const room = noise((line.length / HEARING_RATE_HZ) * 1000, HEARING_RATE_HZ, ROOM_DB, 3);
  const sound = mix(line, room);
  const pieces: { level: number; isEcho: boolean }[] = [];
  for (let piece = 0; (piece + 1) * PIECE <= sound.length; piece++) {
    const ahead = played.subarray(piece * PIECE, (piece + 1) * PIECE);
    if (ahead.length > 0) far.sounds(piece * PIECE_MS, ahead, HEARING_RATE_HZ / 1000);
    const level = rms(sound.subarray(piece * PIECE, (piece + 1) * PIECE));
    guard.hears(piece, level);
    pieces.push({ level, isEcho: guard.isEcho(piece, level) });
  }
  return pieces;
}

const later = (samples: Int16Array, ms: number, db = 0) =>
  concat([silence(ms, HEARING_RATE_HZ), applyGain(samples, 10 ** (db / 20))]);

/** As the ear looks at it: windows of 32 ms that are loud, and whether all of each was taken for an echo. */
function windows(pieces: readonly { level: number; isEcho: boolean }[]): boolean[] {
  const list: boolean[] = [];
  for (let i = 0; i + 4 <= pieces.length; i += 4) {
    const four = pieces.slice(i, i + 4);
    if (Math.max(...four.map(({ level }) => toDb(level))) > -35) list.push(four.every(({ isEcho }) => isEcho));
  }
  return list;
}

const share = (list: readonly boolean[]) => list.filter(Boolean).length / Math.max(1, list.length);
const longest = (list: readonly boolean[]) =>
  Math.max(
    ...list
      .join(",")
      .split("false")
      .map((run) => run.split("true").length - 1),
  );

describe("somebody who speaks into the agent's first words", () => {
  const offsets = Array.from({ length: 34 }, (_, i) => i * 90);
  it.each(["agent", "tone"].flatMap((agent) => ["slt", "awb"].map((who) => [agent, who] as const)))(
    "is heard over the %s, whenever it is: %s",
    (agent, who) => {
      for (const ms of offsets) {
        const list = windows(judged(voices[agent]!, later(voices[who]!, ms)));
        expect([ms, share(list) < 0.08, longest(list) * 32 <= 160]).toEqual([ms, true, true]);
      }
    },
  );
});

describe("the agent's own voice", () => {
  const said = () => concat([voices.agent!, voices.agent!]);
  const echoes = [-10, -20, -30].flatMap((db) => [120, 300, 550, 700].map((ms) => [db, ms] as const));
  it.each(echoes)("that comes back at %d dB after %d ms is known for an echo", (db, ms) => {
    const pieces = judged(said(), later(said(), ms, db));
    const loud = (fromMs: number) =>
      pieces.filter(({ level }, i) => i * PIECE_MS >= fromMs && toDb(level) > ROOM_DB + 12).map(({ isEcho }) => isEcho);
    expect(share(loud(2_000))).toBe(1);
    // Louder than what is waited for, it must be known first.
    expect(share(loud(0))).toBeGreaterThan(db === -10 ? 0.85 : 0.99);
  });

  it("that comes back no more is forgotten: a person as loud as it was is heard", () => {
    const silent = silence(2_000, HEARING_RATE_HZ);
    const line = concat([later(said(), 300, -10), silent, applyGain(voices.slt!, 0.2)]);
    const played = concat([said(), silence(300, HEARING_RATE_HZ), silent, said()]);
    const over = judged(played, line).slice(((said().length + 300 * 16 + silent.length) / PIECE) | 0);
    expect(share(windows(over).slice(-40))).toBeLessThan(0.2);
  });
});
