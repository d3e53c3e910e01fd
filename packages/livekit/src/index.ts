export type { HeardFrame, Hearing } from "./caller/hearing.ts";
export { LOUD_RMS } from "./caller/hearing.ts";
export type { Spoken } from "./caller/mouth.ts";
export { type HeardTranscript, SimulatedCaller, type SimulatedCallerOptions } from "./caller/simulated-caller.ts";
export type { RoomApiOptions } from "./control/asking.ts";
export { type EgressApi, type EgressState, type EgressTarget, egressApi } from "./control/egress-api.ts";
export {
  type CreateRoomRequest,
  type ListedRoom,
  type RoomApi,
  type RoomParticipant,
  roomApi,
} from "./control/room-api.ts";
export type { Log } from "./log.ts";
export type { AssignedJob, JobOffer, OfferAnswer } from "./protocol/job.ts";
export {
  WorkerConnection,
  type WorkerConnectionOptions,
  type WorkerState,
  type WorkerTimings,
} from "./protocol/worker-connection.ts";
export { AGENT_STATE_ATTRIBUTE } from "./room/agent-sign.ts";
export { serveControl } from "./room/control-rpc.ts";
export type { IceSettings } from "./room/ice.ts";
export { JoinGate } from "./room/join-gate.ts";
export { type JoinedRoom, LiveKitTransport, type LiveKitTransportOptions } from "./room/livekit-transport.ts";
export { releaseWebRtc } from "./room/release.ts";
export type { RpcMethod } from "./room/rpc.ts";
export { type FindOptions, findLiveKitServer, type LiveKitBinary } from "./server-process/binary/find.ts";
export {
  type LiveKitServerOptions,
  type LiveKitServerProcess,
  startLiveKitServer,
} from "./server-process/start.ts";
export { LIVEKIT_SERVER_VERSION } from "./server-process/version.ts";
export { type AgentTokenRequest, mintAgentToken } from "./token/agent-token.ts";
export { CONTROL_ATTRIBUTE, type ControlMethod, controlMethods, parseControl } from "./token/control.ts";
export { agentIdentity, randomIdentity } from "./token/identity.ts";
export { mintToken, type TokenRequest } from "./token/mint.ts";
export { parseRoomConfig, roomConfigFor } from "./token/room-config.ts";
export { formatRoomMetadata, parseMetadata, parseRoomMetadata, type RoomMetadata } from "./token/room-metadata.ts";
export { type LiveKitEvent, receiveWebhook } from "./webhooks/receive.ts";
