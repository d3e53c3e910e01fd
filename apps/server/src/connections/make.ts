import { randomBytes, randomUUID } from "node:crypto";
import { mintToken, parseRoomConfig, randomIdentity } from "@parley/livekit";
import type { ConnectionRow, Store } from "@parley/store";
import { tenantRoom } from "../access/tenant-room.ts";
import type { AgentToSend } from "../agents/directory.ts";
import type { LiveKitAccess } from "../livekit.ts";
import type { RefuseOverQuota } from "../usage/quota.ts";

/** How long a join may begin with it; a call that has begun goes on. */
const TOKEN_TTL_S = 15 * 60;
const unguessable = () => randomBytes(18).toString("base64url");

export interface NewConnection {
  tenantId: string | null;
  agentId: string;
  agent: AgentToSend;
  language: string | null;
  /** The application's own, under ours. */
  metadata: Readonly<Record<string, unknown>>;
}

/** A room of its own, and the call that will be in it; the agent comes with the first person. */
export async function makeRoom(
  { store, refuseOverQuota }: { store: Pick<Store, "connections">; refuseOverQuota: RefuseOverQuota },
  wanted: NewConnection,
): Promise<ConnectionRow> {
  const connection = connectionOf("room", tenantRoom(wanted.tenantId, `call-${unguessable()}`), wanted);
  await refuseOverQuota(connection.tenantId, [connection.callId]);
  return store.connections.create(connection);
}

/** What is kept of a connection, with the dispatch that brings its agent. `callId` is minted here, once. */
export function connectionOf(kind: "room" | "agent", roomName: string, wanted: NewConnection) {
  const { tenantId, agentId, agent, language, metadata } = wanted;
  const callId = randomUUID();
  const dispatch = {
    ...metadata,
    ...agent.metadata,
    callId,
    agentId,
    ...(tenantId === null ? {} : { tenantId }),
    ...(language === null ? {} : { language }),
  };
  return {
    connectionId: `livekit-${unguessable()}`,
    tenantId,
    roomName,
    kind,
    agentId,
    callId,
    agentName: agent.agentName,
    metadata: JSON.stringify(dispatch),
  };
}

/** A way in for one more person. Whoever comes first makes the room, and brings the agent. */
export function entryTo(connection: ConnectionRow, livekit: LiveKitAccess, participantName: string): Promise<string> {
  const { roomName: room, agentName, metadata, kind } = connection;
  const agents = kind === "room" ? [{ agent_name: agentName, metadata }] : [];
  return mintToken({
    apiKey: livekit.apiKey,
    apiSecret: livekit.apiSecret,
    ttlSeconds: TOKEN_TTL_S,
    room,
    identity: randomIdentity(),
    name: participantName,
    ...(kind === "room" ? { roomConfig: parseRoomConfig({ agents, metadata }) } : {}),
  });
}
