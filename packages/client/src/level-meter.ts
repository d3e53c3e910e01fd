/** Measures how loud tracks are. One per call, for browsers allow few audio contexts. */
export interface LevelMeter {
  /** Follows a track until the tap is closed. */
  tap(track: MediaStreamTrack): LevelTap;
  /** Lets a meter measure that was opened before the first click. */
  resume(): void;
  /** Idempotent. */
  close(): void;
}

export interface LevelTap {
  /** How loud it is now, 0 (silence, below -60 dBFS) to 1 (-10 dBFS and above), linear in dB as ears are. */
  level(): number;
  close(): void;
}

const floorDb = -60;
const ceilingDb = -10;
/** 1,024 samples: 21 ms at 48 kHz, a little over one screen refresh. */
const windowSamples = 1_024;

/** The level of a window of samples (-1 to 1), as LevelTap.level gives it. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  if (sum === 0) return 0;
  const db = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, (db - floorDb) / (ceilingDb - floorDb)));
}

export function openLevelMeter(): LevelMeter {
  const context = new AudioContext({ latencyHint: "interactive" });
  const samples = new Float32Array(windowSamples);
  return {
    tap(track) {
      const source = context.createMediaStreamSource(new MediaStream([track]));
      const analyser = new AnalyserNode(context, { fftSize: windowSamples });
      source.connect(analyser);
      return {
        level() {
          analyser.getFloatTimeDomainData(samples);
          return levelOf(samples);
        },
        close() {
          source.disconnect();
          analyser.disconnect();
        },
      };
    },
    resume() {
      if (context.state === "suspended") context.resume().catch(() => undefined);
    },
    close() {
      if (context.state !== "closed") context.close().catch(() => undefined);
    },
  };
}
