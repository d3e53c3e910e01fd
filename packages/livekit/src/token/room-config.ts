import { RoomAgentDispatch, RoomConfiguration } from "@livekit/protocol";
import { ParleyError } from "@parley/engine/error";

const MAX_AGENTS = 8;

/**
 * The room_config of a token request as LiveKit's clients send it: protobuf JSON in snake_case or camelCase, unknown
 * fields ignored. Throws ParleyError `room-config-invalid`.
 */
export function parseRoomConfig(json: unknown): RoomConfiguration {
  try {
    return RoomConfiguration.fromJson(json as Parameters<typeof RoomConfiguration.fromJson>[0], {
      ignoreUnknownFields: true,
    });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new ParleyError(`room_config is not a LiveKit RoomConfiguration: ${problem}`, {
      code: "room-config-invalid",
      category: "refused",
      cause,
    });
  }
}

/**
 * What a caller may decide about a room: which agents come, with what metadata, and how many people fit. Egress (it
 * costs money and records people), time-outs (a room must outlive our grace time) and playout delays are left out.
 * Throws ParleyError `room-config-invalid`.
 */
export function joinerRoomConfig(config: RoomConfiguration): RoomConfiguration {
  if (config.agents.length > MAX_AGENTS) {
    throw new ParleyError(`room_config names ${config.agents.length} agents; at most ${MAX_AGENTS} may join a room.`, {
      code: "room-config-invalid",
      category: "refused",
    });
  }
  return new RoomConfiguration({
    agents: config.agents.map(({ agentName, metadata }) => new RoomAgentDispatch({ agentName, metadata })),
    metadata: config.metadata,
    maxParticipants: config.maxParticipants,
  });
}

/** A room configuration that brings these agents. */
export function roomConfigFor(
  agents: readonly { agentName: string; metadata?: string }[],
  metadata = "",
): RoomConfiguration {
  return new RoomConfiguration({
    agents: agents.map((agent) => new RoomAgentDispatch({ metadata: "", ...agent })),
    metadata,
  });
}
