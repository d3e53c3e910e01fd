import { asParleyError, ParleyError, type TurnDetector } from "@parley/engine";
import { logMel } from "./log-mel.ts";
import { loadSmartTurnModel, type SmartTurnModel } from "./model.ts";

export interface SmartTurnOptions {
  /** The user's .onnx file: smart-turn v3 (BSD 2-clause), or a model of the same shape. */
  modelPath: string;
}

/** Questions at once in a process; a pause that finds more is judged by its words alone. */
const MOST_OPEN = 8;

/**
 * Pipecat's smart-turn v3 as a TurnDetector: the last 8 s of sound, as Whisper's log-mel features, through the user's
 * ONNX file. One loaded model serves all calls. Rejects with ParleyError: `turn-model-missing`, `turn-model-failed`
 * (from `warm`, too), `turn-detector-busy`, `turn-detector-closed`.
 */
export function smartTurn({ modelPath }: SmartTurnOptions): TurnDetector {
  let loading: Promise<SmartTurnModel> | null = null;
  const open = new Set<Promise<number>>();
  let isClosed = false;

  const load = (): Promise<SmartTurnModel> => {
    if (isClosed) return Promise.reject(refused("turn-detector-closed", "is closed"));
    loading ??= loadSmartTurnModel(modelPath).catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  };

  const judge = async (samples: Int16Array, signal: AbortSignal): Promise<number> => {
    const model = await load();
    const features = await logMel(samples, () => signal.aborted || isClosed);
    if (signal.aborted) throw cancelled();
    if (!features) throw refused("turn-detector-closed", "is closed");
    const probability = await model.run(features).catch((error) => {
      throw asParleyError(error, { code: "turn-model-failed", category: "provider" });
    });
    // A sigmoid in 16 bits may come out a hair beyond its range.
    if (!(probability > -0.01 && probability < 1.01))
      throw new ParleyError(`The turn model answered ${probability}, which is no probability.`, {
        code: "turn-model-garbage",
        category: "protocol",
      });
    return Math.min(1, Math.max(0, probability));
  };

  return {
    name: "local/smart-turn",
    needsText: false,
    warm: async () => void (await load()),
    async probability({ samples }, signal) {
      if (signal.aborted) throw cancelled();
      if (open.size >= MOST_OPEN) throw refused("turn-detector-busy", `has ${open.size} questions already`);
      const work = judge(samples, signal);
      open.add(work);
      return await orAborted(
        work.finally(() => open.delete(work)),
        signal,
      );
    },
    async close() {
      isClosed = true;
      const model = await loading?.catch(() => null);
      loading = null;
      // Not under a model that is running.
      await Promise.allSettled(open);
      await model?.release();
    },
  };
}

/** A model that is running can't be stopped: whoever asked goes on without it. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(cancelled());
    signal.addEventListener("abort", stop, { once: true });
    const release = () => signal.removeEventListener("abort", stop);
    work.then(resolve, reject).finally(release);
  });
}

function cancelled(): ParleyError {
  return new ParleyError("Nobody waits for this pause any more.", {
    code: "turn-detector-cancelled",
    category: "cancelled",
  });
}

function refused(code: string, what: string): ParleyError {
  return new ParleyError(`The turn detector ${what}.`, { code, category: "refused", retryable: true });
}
