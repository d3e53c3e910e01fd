export { UplinkError, type UplinkErrorCategory } from "./error.ts";
export { type KeptCallFiles, keepCallFiles } from "./files/keep.ts";
export { callFileName, parseCallFileName } from "./files/name.ts";
export type { UplinkLog } from "./log.ts";
export {
  type AgentTransfer,
  type AgentWanted,
  type CallCommand,
  type CallKnown,
  type Command,
  DECLINED,
  type HandOverTo,
  type Interim,
  type LeasedCall,
  MAX_METADATA,
  type NextAgentWanted,
  PROTOCOL,
  parseTakeOver,
  type ShippedFact,
  type TakeOver,
  type UnservedCall,
  type WorkerMeasured,
} from "./messages.ts";
export { type AcceptOptions, acceptUplink } from "./server/accept.ts";
export { type AttachOptions, attachUplink, singleKey, type UplinkServer } from "./server/attach.ts";
export type { CallKeeper, Gone, Lease } from "./server/keeper.ts";
export type { OrderResult } from "./server/orders.ts";
export type { UplinkPeer } from "./server/peer.ts";
export type { FactSink } from "./server/sink.ts";
export type {
  CallClaim,
  ClaimAnswer,
  CommandResult,
  HandOverAnswer,
  HandOverCall,
  Uplink,
  UplinkOptions,
} from "./worker/api.ts";
export { openUplink } from "./worker/uplink.ts";
