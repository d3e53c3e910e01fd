export { createCall } from "./call.ts";
export { browserEnvironment, type CallEnvironment, type CallRoom, preload } from "./environment.ts";
export { CallError, type CallErrorCategory, type CallErrorCode } from "./error.ts";
export type { LevelMeter, LevelTap } from "./level-meter.ts";
export type { BrowserCall, CallOptions, CallSource, JoinOptions } from "./options.ts";
export type {
  AgentState,
  CallSnapshot,
  CallState,
  ChatMessage,
  EndReason,
  MicrophoneDevice,
  MicrophoneState,
  OngoingCall,
  RecordingState,
  TranscriptEntry,
} from "./state.ts";
