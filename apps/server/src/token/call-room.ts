import { randomUUID } from "node:crypto";
import {
  formatRoomMetadata,
  parseMetadata,
  parseRoomConfig,
  parseRoomMetadata,
  type RoomMetadata,
  roomConfigFor,
} from "@parley/livekit";
import type { TokenRequest } from "./schema.ts";

/** LiveKit's RoomConfiguration; its class lives in a package that only packages/livekit may touch. */
export type RoomConfig = ReturnType<typeof parseRoomConfig>;

/**
 * The room that this request may make: which agents come, and whose call it is. The callId is minted here, once per
 * agent, and travels in its dispatch's metadata; what a caller states about call, tenant or numbers is not believed.
 * Without agents in the request the default one comes; an empty list asks for none.
 * Throws ParleyError `room-config-invalid`.
 */
export function callRoom(
  json: TokenRequest["room_config"],
  { defaultAgent, tenantId = null }: { defaultAgent: string; tenantId?: string | null },
  mintCallId: () => string = randomUUID,
): RoomConfig {
  const asked = parseRoomConfig(json ?? {});
  const wantsNobody = Array.isArray(json?.agents) && json.agents.length === 0;
  const wanted = wantsNobody ? [] : asked.agents.length > 0 ? asked.agents : [{ agentName: "", metadata: "" }];
  const agents = wanted.map(({ agentName, metadata }) => {
    const agentId = agentName || defaultAgent;
    return { agentName: agentId, metadata: ownMetadata(metadata, { callId: mintCallId(), agentId, tenantId }) };
  });
  const first = agents[0] ? parseRoomMetadata(agents[0].metadata) : { callId: mintCallId(), agentId: null };
  const config = roomConfigFor(
    agents,
    ownMetadata(asked.metadata, { callId: first.callId, agentId: first.agentId, tenantId }),
  );
  config.maxParticipants = asked.maxParticipants;
  return config;
}

/** The calls that its agents will run, by id. */
export function callsIn({ agents }: RoomConfig): string[] {
  return agents.map(({ metadata }) => parseRoomMetadata(metadata).callId ?? "").filter(Boolean);
}

/** The caller's own fields (its language among them) under ours. */
function ownMetadata(text: string, ours: Pick<RoomMetadata, "callId" | "agentId" | "tenantId">): string {
  const given = text === "" ? {} : parseMetadata(text);
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  const { callId, agentId, tenantId, from, to, ...theirs } = (isObject ? given : { metadata: given }) as Record<
    string,
    unknown
  >;
  return JSON.stringify({ ...theirs, ...JSON.parse(formatRoomMetadata(ours)) });
}
