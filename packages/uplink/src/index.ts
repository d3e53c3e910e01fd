export { UplinkError, type UplinkErrorCategory } from "./error.ts";
export { type KeptCallFiles, keepCallFiles } from "./files/keep.ts";
export { callFileName, parseCallFileName } from "./files/name.ts";
export type { UplinkLog } from "./log.ts";
export {
  type AgentWanted,
  type CallCommand,
  type CallKnown,
  type Command,
  DECLINED,
  type Interim,
  type LeasedCall,
  MAX_METADATA,
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
  Uplink,
  UplinkOptions,
} from "./worker/api.ts";
export { openUplink } from "./worker/uplink.ts";
