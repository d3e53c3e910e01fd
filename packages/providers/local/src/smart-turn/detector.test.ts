import { writeFileSync } from "node:fs";
import path from "node:path";
import { silence, speechClip } from "@parley/testkit";
import { turnDetectorConformance } from "@parley/testkit/conformance";
import { describe, expect, it } from "vitest";
import { smartTurn } from "./detector.ts";
import { modelFolder, tinyModel } from "./fixtures/tiny-model.ts";
import { logMel } from "./log-mel.ts";

const garbage = path.join(modelFolder, "garbage.onnx");
writeFileSync(garbage, "this is no model");
const signal = new AbortController().signal;

turnDetectorConformance("smartTurn", () => smartTurn({ modelPath: tinyModel() }), {
  faults: [
    { when: "has no file", make: () => smartTurn({ modelPath: "/no/such/model.onnx" }), categories: ["configuration"] },
    {
      when: "has a file that is no model",
      make: () => smartTurn({ modelPath: garbage }),
      categories: ["configuration"],
    },
    {
      when: "has a model that takes something else",
      make: () => smartTurn({ modelPath: tinyModel({ input: "waveform" }) }),
      categories: ["configuration"],
    },
    {
      when: "has a model that gives no probability",
      make: () => smartTurn({ modelPath: tinyModel({ sigmoid: false, factor: 1e6 }) }),
      categories: ["protocol"],
    },
  ],
});

describe("smartTurn", () => {
  it("gives the model the features of the sound, and what the model says to them", async () => {
    const detector = smartTurn({ modelPath: tinyModel({ factor: 2 }) });
    for (const samples of [await speechClip("Hello there."), silence(500)]) {
      const features = (await logMel(samples, () => false)) as Float32Array;
      const mean = features.reduce((sum, x) => sum + x, 0) / features.length;
      const probability = await detector.probability({ samples, text: "", language: "en" }, signal);
      expect(probability).toBeCloseTo(1 / (1 + Math.exp(-2 * mean)), 3);
    }
    await detector.close?.();
  });

  it("says at the start what is wrong with the file", async () => {
    await expect(smartTurn({ modelPath: "/no/such/model.onnx" }).warm?.()).rejects.toMatchObject({
      code: "turn-model-missing",
    });
    await expect(smartTurn({ modelPath: garbage }).warm?.()).rejects.toMatchObject({ code: "turn-model-failed" });
  });

  it("takes eight questions at once, no more, and none when it is closed", async () => {
    const detector = smartTurn({ modelPath: tinyModel() });
    const ask = () => detector.probability({ samples: silence(100), text: "", language: "en" }, signal);
    const eight = Array.from({ length: 8 }, ask);
    await expect(ask()).rejects.toMatchObject({ code: "turn-detector-busy", category: "refused" });
    expect(await Promise.all(eight)).toHaveLength(8);
    await expect(ask()).resolves.toBeGreaterThan(0);
    await detector.close?.();
    await expect(ask()).rejects.toMatchObject({ code: "turn-detector-closed" });
  });
});
