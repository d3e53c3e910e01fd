import { randomUUID } from "node:crypto";
import {
  formatRoomMetadata,
  parseMetadata,
  parseRoomConfig,
  parseRoomMetadata,
  type RoomMetadata,
  roomConfigFor,
} from "@parley/livekit";
import type { AgentToSend } from "../agents/directory.ts";
import type { TokenRequest } from "./schema.ts";

/** LiveKit's RoomConfiguration; its class lives in a package that only packages/livekit may touch. */
export type RoomConfig = ReturnType<typeof parseRoomConfig>;

/** Who calls, for what is known of them. */
interface Person {
  /** Whether the request may name them: a page that strangers use may not, they would read about each other. */
  mayBeNamed: boolean;
  /** As LiveKit will know them; undefined: drawn at random. */
  identity: string | undefined;
}

interface CallRoomOptions {
  person: Person;
  defaultAgent: string;
  tenantId: string | null;
  /** How an agent is sent for. Throws for one that may not be asked for. */
  find(agentId: string): Promise<AgentToSend>;
}

/**
 * The room that this request may make: which agents come, and whose call it is. The callId is minted here, once per
 * agent, and travels in its dispatch's metadata; what a caller states about call, tenant or numbers is not believed.
 * Without agents in the request the default one comes; an empty list asks for none.
 * Throws ParleyError `room-config-invalid`, and what `find` throws.
 */
export async function callRoom(
  json: TokenRequest["room_config"],
  { person, defaultAgent, tenantId, find }: CallRoomOptions,
  mintCallId: () => string = randomUUID,
): Promise<RoomConfig> {
  const asked = parseRoomConfig(json ?? {});
  const wantsNobody = Array.isArray(json?.agents) && json.agents.length === 0;
  const wanted = wantsNobody ? [] : asked.agents.length > 0 ? asked.agents : [{ agentName: "", metadata: "" }];
  const sent = wanted.map(async ({ agentName, metadata }) => {
    const agentId = agentName || defaultAgent;
    const agent = await find(agentId);
    const ours = { callId: mintCallId(), agentId, tenantId };
    return { agentName: agent.agentName, metadata: ownMetadata(metadata, ours, person, agent.metadata), ours, agent };
  });
  const agents = await Promise.all(sent);
  const first = agents[0]?.ours ?? { callId: mintCallId(), agentId: null, tenantId };
  const config = roomConfigFor(agents, ownMetadata(asked.metadata, first, person, agents[0]?.agent.metadata));
  config.maxParticipants = asked.maxParticipants;
  return config;
}

/** The calls that its agents will run, by id. */
export function callsIn({ agents }: RoomConfig): string[] {
  return agents.map(({ metadata }) => parseRoomMetadata(metadata).callId ?? "").filter(Boolean);
}

/** The caller's own fields (its language among them) under ours. */
function ownMetadata(
  text: string,
  ours: Pick<RoomMetadata, "callId" | "agentId" | "tenantId">,
  { mayBeNamed, identity }: Person,
  more: AgentToSend["metadata"] = {},
): string {
  const given = text === "" ? {} : parseMetadata(text);
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  const { callId, agentId, agentVersion, tenantId, from, to, userId, context, ...theirs } = (
    isObject ? given : { metadata: given }
  ) as Record<string, unknown>;
  const named = mayBeNamed ? (typeof userId === "string" ? userId : identity) : undefined;
  const whose = named === undefined ? {} : { userId: named };
  return JSON.stringify({ ...theirs, ...whose, ...more, ...JSON.parse(formatRoomMetadata(ours)) });
}
