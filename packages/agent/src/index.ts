export type {
  AgentTool,
  CallAgent,
  CallContext,
  CallControl,
  Caller,
  CallHooks,
  ConnectionQualityChange,
  ToolContext,
  TransferOptions,
  TurnVerdict,
  UserContext,
  UserTurn,
} from "@parley/engine";
export {
  type AgentDefinition,
  type AgentOptions,
  defineAgent,
  isAgentDefinition,
  type JobOffer,
  withColleagues,
} from "./definition.ts";
export { loadAgent, loadTools } from "./load.ts";
export { type Env, resolveVad } from "./providers.ts";
export { type ResolveOptions, resolveAgent, resolveAgents, warmAgent } from "./resolve.ts";
export { storedAgent } from "./stored/make.ts";
export { type ToolOptions, tool } from "./tool.ts";
