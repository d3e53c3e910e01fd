import { rms, toDb } from "@parley/audio";
import type { FakeTransport } from "../transport/fake-transport.ts";

/** The level of one 20 ms frame at the caller's ear, by the transport's clock. */
export interface EarLevel {
  atMs: number;
  db: number;
}

/** A stretch of sound without a gap longer than asked for. `endMs` is the first moment of quiet after it. */
export interface HeardSegment {
  startMs: number;
  endMs: number;
  peakDb: number;
}

const EAR_FRAME_MS = 20;
const QUIET_DB = -50;

/** Levels of what the mouth played, from `fromMs` until now (whole frames). */
export function earLevels(transport: FakeTransport, fromMs: number): EarLevel[] {
  const { out, clock } = transport;
  const levels: EarLevel[] = [];
  const frames = Math.floor((clock.now() - fromMs) / EAR_FRAME_MS);
  const sound = out.sound(fromMs, fromMs + frames * EAR_FRAME_MS);
  const frameSamples = (out.sampleRateHz * EAR_FRAME_MS) / 1000;
  for (let i = 0; i < frames; i++) {
    const frame = sound.subarray(Math.round(i * frameSamples), Math.round((i + 1) * frameSamples));
    levels.push({ atMs: fromMs + i * EAR_FRAME_MS, db: toDb(rms(frame)) });
  }
  return levels;
}

/** Where there was sound; pauses shorter than `gapMs` belong to it. */
export function segmentsOf(levels: readonly EarLevel[], gapMs: number, quietDb = QUIET_DB): HeardSegment[] {
  const segments: HeardSegment[] = [];
  for (const { atMs, db } of levels) {
    if (db <= quietDb) continue;
    const last = segments.at(-1);
    if (last && atMs - last.endMs < gapMs) {
      last.endMs = atMs + EAR_FRAME_MS;
      last.peakDb = Math.max(last.peakDb, db);
    } else {
      segments.push({ startMs: atMs, endMs: atMs + EAR_FRAME_MS, peakDb: db });
    }
  }
  return segments;
}
