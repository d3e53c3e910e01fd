import { ParticipantKind, type RemoteParticipant } from "@livekit/rtc-node";
import type { Participant } from "@parley/engine";
import { parseMetadata } from "../token/room-metadata.ts";

const kinds: Partial<Record<ParticipantKind, Participant["kind"]>> = {
  [ParticipantKind.STANDARD]: "standard",
  [ParticipantKind.SIP]: "sip",
  [ParticipantKind.AGENT]: "agent",
};

export function participantOf(remote: RemoteParticipant): Participant {
  return {
    participantId: remote.identity,
    name: remote.name ?? "",
    kind: kinds[remote.kind] ?? "other",
    metadata: parseMetadata(remote.metadata),
    attributes: { ...remote.attributes },
  };
}

/** Other agents and recorders are in the room, but nobody talks to them. */
export function isPerson(remote: RemoteParticipant): boolean {
  return remote.kind !== ParticipantKind.AGENT && remote.kind !== ParticipantKind.EGRESS;
}
