import { DisconnectReason } from "@livekit/rtc-node";

const reasons: Record<DisconnectReason, string> = {
  [DisconnectReason.UNKNOWN_REASON]: "unknown",
  [DisconnectReason.CLIENT_INITIATED]: "left",
  [DisconnectReason.DUPLICATE_IDENTITY]: "duplicate-identity",
  [DisconnectReason.SERVER_SHUTDOWN]: "server-shutdown",
  [DisconnectReason.PARTICIPANT_REMOVED]: "removed",
  [DisconnectReason.ROOM_DELETED]: "room-deleted",
  [DisconnectReason.STATE_MISMATCH]: "state-mismatch",
  [DisconnectReason.JOIN_FAILURE]: "join-failure",
  [DisconnectReason.MIGRATION]: "migration",
  [DisconnectReason.SIGNAL_CLOSE]: "signal-close",
  [DisconnectReason.ROOM_CLOSED]: "room-closed",
  [DisconnectReason.USER_UNAVAILABLE]: "user-unavailable",
  [DisconnectReason.USER_REJECTED]: "user-rejected",
  [DisconnectReason.SIP_TRUNK_FAILURE]: "sip-trunk-failure",
  [DisconnectReason.CONNECTION_TIMEOUT]: "connection-timeout",
  [DisconnectReason.MEDIA_FAILURE]: "media-failure",
  [DisconnectReason.AGENT_ERROR]: "agent-error",
};

/**
 * Why somebody (or we) left, in the words of the facts. `left` is a goodbye; `signal-close`, `connection-timeout` and
 * `media-failure` are lost connections, whose owners may come back.
 */
export function reasonOf(reason: DisconnectReason | undefined): string {
  return reasons[reason ?? DisconnectReason.UNKNOWN_REASON] ?? "unknown";
}
