/** What a worker's supervisor needs of this package, and none of what joins rooms or asks LiveKit's API. */
export { WorkerConnection } from "./protocol/worker-connection.ts";
export { mintAgentToken } from "./token/agent-token.ts";
