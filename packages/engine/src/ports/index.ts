export type { CallLog } from "./call-log.ts";
export type { EchoCanceller, EchoCancellerStream, NoiseFilter, NoiseFilterStream } from "./cleaning.ts";
export { type Clock, systemClock } from "./clock.ts";
export type { Llm, LlmEvent, LlmRequest, LlmUsage, ToolSpec } from "./llm.ts";
export type { RealtimeModel, RealtimeOptions, RealtimeSession, RealtimeSink } from "./realtime.ts";
export type { Recorder, Recording, RecordingOptions } from "./recorder.ts";
export {
  HEARING_RATE_HZ,
  type Stt,
  type SttOptions,
  type SttResult,
  type SttSession,
  type SttUtterance,
  type Tts,
  type TtsChunk,
  type TtsRequest,
  type WordTime,
} from "./speech.ts";
export type {
  AgentState,
  AudioOut,
  ConnectionReading,
  Participant,
  RecordingNow,
  TextChannel,
  TranscriptUpdate,
  Transport,
  TransportSink,
} from "./transport.ts";
export type { TurnDetector, TurnEnd } from "./turn-detector.ts";
export type { Vad, VadStream } from "./vad.ts";
