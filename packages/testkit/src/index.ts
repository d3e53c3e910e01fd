export type { EarLevel, HeardSegment } from "./caller/ear.ts";
export {
  type SaidClip,
  type SimulatedCaller,
  type SimulatedCallerOptions,
  simulatedCaller,
} from "./caller/simulated-caller.ts";
export { outsideClock, type VirtualClock, type VirtualClockOptions, virtualClock } from "./clock/virtual-clock.ts";
export { type FakeEchoCancellerOptions, fakeEchoCanceller, fakeNoiseFilter } from "./fakes/cleaning.ts";
export type { FaultName } from "./fakes/faults.ts";
export { type FakeLlm, type FakeLlmOptions, fakeLlm, type LlmAnswer } from "./fakes/llm.ts";
export { type MemoryLog, type MemoryLogOptions, memoryLog } from "./fakes/memory-log.ts";
export {
  type FakeRealtimeModel,
  type FakeRealtimeOptions,
  type FakeRealtimeSession,
  fakeRealtimeModel,
  type RealtimeTurn,
} from "./fakes/realtime.ts";
export type { FakeRequest } from "./fakes/requests.ts";
export type { Script } from "./fakes/script.ts";
export { type FakeStt, type FakeSttOptions, fakeStt, type HeardUtterance, type SttAnswer } from "./fakes/stt.ts";
export { type FakeTts, type FakeTtsOptions, fakeTts, type TtsAnswer } from "./fakes/tts.ts";
export {
  type FakeTurnDetector,
  type FakeTurnDetectorOptions,
  fakeTurnDetector,
  type TurnDetectorAnswer,
} from "./fakes/turn-detector.ts";
export { type FakeVad, type FakeVadOptions, fakeVad } from "./fakes/vad.ts";
export * from "./openai-server/index.ts";
export { type SpeechClipOptions, speechClip } from "./speech/clip.ts";
export type { FliteVoice } from "./speech/flite.ts";
export { mp3Of } from "./speech/mp3.ts";
export { mix, noise, randomFrom, silence, tone } from "./speech/sounds.ts";
export { type SpokenWord, wordTimes } from "./speech/words.ts";
export {
  type FakeTransport,
  type FakeTransportOptions,
  fakeTransport,
  type Timed,
} from "./transport/fake-transport.ts";
export type { FakeMouth, Played } from "./transport/mouth.ts";
