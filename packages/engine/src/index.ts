export {
  type AgentTool,
  type CallAgent,
  type CallContext,
  type CallControl,
  type Caller,
  type CallHooks,
  type ConnectionQualityChange,
  eagerHearing,
  type HearingOptions,
  hearingDefaults,
  type RecordingControl,
  type StageTimeouts,
  type ToolContext,
  type TransferOptions,
  type TurnVerdict,
  timeoutDefaults,
  type UserContext,
  type UserTurn,
} from "./call/agent.ts";
export { Call } from "./call/call.ts";
export { endingFacts } from "./call/end-log.ts";
export { type Logger, silentLogger } from "./call/logger.ts";
export type { Lease } from "./call/loop.ts";
export { agentOf, checkNextAgent } from "./call/next-agent.ts";
export type { CallOptions, NextAgent, Recovery, TransferWanted } from "./call/options.ts";
export type { RemoteControl } from "./call/remote-control.ts";
export { isSessionRoom, sessionRoom, sessionTransport } from "./call/session-transport.ts";
export { INTENT_TOOL, type SpokenTurn, type TurnAnswer } from "./call/spoken-turn.ts";
export { checkTemplate } from "./call/template.ts";
export { asParleyError, type ErrorCategory, ParleyError, type ParleyErrorOptions } from "./error.ts";
export * from "./llm/index.ts";
export { type FileLogOptions, type LogReading, openFileLog, readFileLog } from "./log/file-log.ts";
export { type CallFilesReading, readCallFiles } from "./log/recovered-log.ts";
export { type LineSeal, lineSeal } from "./log/sealed-lines.ts";
export * from "./ports/index.ts";
export * from "./remote/index.ts";
export * from "./vad/index.ts";
