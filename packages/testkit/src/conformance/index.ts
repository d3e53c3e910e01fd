export { type CallLogConformanceOptions, callLogConformance, type LogUnderTest } from "./call-log.ts";
export type { FaultCase } from "./checks.ts";
export { type EchoCancellerConformanceOptions, echoCancellerConformance, noiseFilterConformance } from "./cleaning.ts";
export { type LlmConformanceOptions, llmConformance } from "./llm.ts";
export { type SttConformanceOptions, sttConformance } from "./stt.ts";
export {
  type TransportConformanceOptions,
  type TransportPeer,
  type TransportUnderTest,
  transportConformance,
} from "./transport.ts";
export { type TtsConformanceOptions, ttsConformance } from "./tts.ts";
export { type TurnDetectorConformanceOptions, turnDetectorConformance } from "./turn-detector.ts";
export { type VadConformanceOptions, vadConformance } from "./vad.ts";
