export { UplinkError, type UplinkErrorCategory } from "./error.ts";
export { type KeptCallFiles, keepCallFiles } from "./files/keep.ts";
export { callFileName, parseCallFileName } from "./files/name.ts";
export type { UplinkLog } from "./log.ts";
export type { Command, ShippedFact } from "./messages.ts";
export { type AcceptOptions, acceptUplink, type FactSink, type UplinkPeer } from "./server/accept.ts";
export { type AttachOptions, attachUplink, singleKey, type UplinkServer } from "./server/attach.ts";
export { openUplink, type Uplink, type UplinkOptions } from "./worker/uplink.ts";
