import { vadConformance } from "@parley/testkit/conformance";
import { sileroVad } from "./vad.ts";

vadConformance("sileroVad", () => sileroVad());
vadConformance("sileroVad without its model", () => {
  const broken = sileroVad({ modelPath: "/no/such/model.onnx" });
  return { name: broken.name, windowSamples: broken.windowSamples, open: broken.open, close: broken.close };
});
