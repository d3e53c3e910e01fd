export type {
  AgentTool,
  CallAgent,
  CallContext,
  CallControl,
  Caller,
  CallHooks,
  ConnectionQualityChange,
  ToolContext,
  TurnVerdict,
  UserTurn,
} from "@parley/engine";
export {
  type AgentDefinition,
  type AgentOptions,
  defineAgent,
  isAgentDefinition,
  type JobOffer,
} from "./definition.ts";
export { loadAgent } from "./load.ts";
export type { Env } from "./providers.ts";
export { type ResolveOptions, resolveAgent, warmAgent } from "./resolve.ts";
export { type ToolOptions, tool } from "./tool.ts";
