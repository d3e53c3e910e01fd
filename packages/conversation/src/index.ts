export {
  type ConnectionQuality,
  type Decision,
  type DecisionType,
  FACT_VERSION,
  type Fact,
  type FactOf,
  type FactType,
  type Failure,
  factSchema,
  type Input,
  type InputBody,
  isDecision,
  isEphemeral,
  type ReplyCause,
} from "./facts/index.ts";
export type { Message, ToolCallPart } from "./message.ts";
export { type ParsedFact, parseFact } from "./parse.ts";
export { mergePatch } from "./person/merge.ts";
export { userIdOf } from "./person/user-id.ts";
export { isBackChannel } from "./policies/back-channel.ts";
export { recordingMode } from "./policies/recording-mode.ts";
export { isPoor, worstConnection } from "./projections/connection.ts";
export { emptyHistory, evolveHistory, type HistoryState, historyOf, messages } from "./projections/history.ts";
export { endedInFailure } from "./projections/outcome.ts";
export { type Phase, phase } from "./projections/phase.ts";
export { redact, redactDeep } from "./projections/redact/redact.ts";
export { SEVERAL_SPEAKERS, withSpeakers } from "./projections/speakers.ts";
export { followTimeline, type Timeline, type TurnTimeline, timelineOf } from "./projections/timeline.ts";
export {
  saidSoFar,
  type Transcript,
  type TranscriptTool,
  type TranscriptTurn,
  transcriptOf,
  transcriptTypes,
} from "./projections/transcript.ts";
export { type ModelUsage, type Usage, usageOf } from "./projections/usage.ts";
export { type Difference, type Replay, recoverState, replayFacts } from "./replay.ts";
export { splitHeard } from "./rules/heard.ts";
export {
  type Deadline,
  deadlines,
  decide,
  evolve,
  initialState,
  type Playing,
  type Reply,
  type RuleState,
  type Step,
  settle,
  step,
} from "./rules/index.ts";
export { turnText } from "./rules/views.ts";
export { type Settings, type SettingsInput, settingsSchema } from "./settings.ts";
