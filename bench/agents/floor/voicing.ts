import { rms } from "@parley/audio";
import { type SileroVad, sileroVad } from "@parley/local/silero";

const VOICED_RMS = 400;
const VOICED_PROBABILITY = 0.5;

/** Whether somebody speaks, frame by frame: told of each, in order, perhaps a little later. */
export interface Voicing {
  /** How long a frame is to be. */
  readonly frameMs: number;
  open(tell: (frame: Int16Array, voiced: boolean) => void): { push(frame: Int16Array): void; close(): void };
}

const loudness: Voicing = {
  frameMs: 20,
  open: (tell) => ({ push: (frame) => tell(frame, rms(frame) > VOICED_RMS), close() {} }),
};

/** The same model in the same runtime as Parley's, one for all calls. */
function silero(vad: SileroVad): Voicing {
  return {
    frameMs: vad.windowSamples / 16,
    open(tell) {
      const stream = vad.open();
      return {
        push: (frame) => stream.push(frame, (probability) => tell(frame, probability >= VOICED_PROBABILITY)),
        close: () => stream.close(),
      };
    },
  };
}

/** By loudness; with VAD=silero in the environment by the model, which is loaded before this resolves. */
export async function voicingOf(name: string | undefined): Promise<Voicing> {
  if (name !== "silero") return loudness;
  const vad = sileroVad();
  await vad.warm?.();
  return silero(vad);
}
