import { existsSync } from "node:fs";
import { ParleyError } from "@parley/engine";
import { FRAMES, MELS } from "./log-mel.ts";

/** Runs features through a model of smart-turn v3's shape. */
export interface SmartTurnModel {
  /** The probability that the turn is over, as the model gives it. */
  run(features: Float32Array): Promise<number>;
  release(): Promise<void>;
}

const INPUT = "input_features";

/** Loads the user's file and runs it once. Rejects with ParleyError `turn-model-missing` or `turn-model-failed`. */
export async function loadSmartTurnModel(modelPath: string): Promise<SmartTurnModel> {
  if (!existsSync(modelPath))
    throw new ParleyError(`There is no turn model at ${modelPath}: put a smart-turn v3 .onnx file there.`, {
      code: "turn-model-missing",
      category: "configuration",
    });
  try {
    const model = await openSession(modelPath);
    const probability = await model.run(new Float32Array(MELS * FRAMES));
    if (!(probability >= 0 && probability <= 1)) throw new Error(`it answers ${probability}, which is no probability`);
    return model;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ParleyError(
      `The turn model ${modelPath} cannot be used: ${why}. It must take ${INPUT} [1, ${MELS}, ${FRAMES}] and give a probability, as smart-turn v3 does.`,
      { code: "turn-model-failed", category: "configuration", cause },
    );
  }
}

async function openSession(modelPath: string): Promise<SmartTurnModel> {
  // Only here: on a platform without its native part the import fails, and calls must work without a detector.
  const ort = await import("onnxruntime-node");
  const session = await ort.InferenceSession.create(modelPath, {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const [output = ""] = session.outputNames;
  if (session.inputNames.join(" ") !== INPUT) throw new Error(`it takes "${session.inputNames.join(" ")}"`);
  return {
    async run(features) {
      const result = await session.run({ [INPUT]: new ort.Tensor("float32", features, [1, MELS, FRAMES]) }, [output]);
      return Number(result[output]?.data[0]);
    },
    release: () => session.release(),
  };
}
