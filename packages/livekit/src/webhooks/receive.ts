import { ParticipantInfo_Kind, TrackType } from "@livekit/protocol";
import { ParleyError } from "@parley/engine/error";
import { WebhookReceiver } from "livekit-server-sdk";
import { type EgressState, egressState } from "../control/egress-api.ts";

/** What LiveKit says happened, without what is nobody's business (a room holds a password for TURN). */
export interface LiveKitEvent {
  /** The same in every repeat. */
  id: string;
  /** `room_started`, `participant_joined`, `track_published`, `egress_ended`, … */
  event: string;
  /** Unix ms; LiveKit gives whole seconds. */
  createdAt: number;
  room: { name: string; sid: string } | null;
  participant: { identity: string; sid: string; kind: "standard" | "sip" | "agent" | "other" } | null;
  track: { sid: string; name: string; kind: "audio" | "video" | "data" } | null;
  egress: EgressState | null;
}

const KINDS: Partial<Record<ParticipantInfo_Kind, NonNullable<LiveKitEvent["participant"]>["kind"]>> = {
  [ParticipantInfo_Kind.STANDARD]: "standard",
  [ParticipantInfo_Kind.SIP]: "sip",
  [ParticipantInfo_Kind.AGENT]: "agent",
};
const TRACKS = { [TrackType.AUDIO]: "audio", [TrackType.VIDEO]: "video", [TrackType.DATA]: "data" } as const;

/**
 * Reads a webhook of LiveKit's (https://docs.livekit.io/home/server/webhooks/): the signature and the body's hash, which
 * the `Authorization` header (a bare JWT) carries, are checked. `body`: as it came.
 * Throws ParleyError `webhook-unsigned`, `webhook-invalid`.
 */
export async function receiveWebhook(
  { apiKey, apiSecret }: { apiKey: string; apiSecret: string },
  body: string,
  authorization: string | undefined,
): Promise<LiveKitEvent> {
  if (authorization === undefined || authorization === "") {
    throw new ParleyError("The webhook bears no signature: LiveKit signs it with the key that its config names.", {
      code: "webhook-unsigned",
      category: "unauthorised",
    });
  }
  try {
    const event = await new WebhookReceiver(apiKey, apiSecret).receive(body, authorization);
    return plain(event);
  } catch (cause) {
    throw new ParleyError(
      "The webhook's signature does not fit its body, or is not of this LiveKit: check webhook.api_key in LiveKit's config and LIVEKIT_API_KEY here.",
      { code: "webhook-invalid", category: "unauthorised", cause },
    );
  }
}

function plain(event: Awaited<ReturnType<WebhookReceiver["receive"]>>): LiveKitEvent {
  const { room, participant, track, egressInfo } = event;
  if (event.id === "" || event.event === "") throw new Error("it has no id or no name");
  return {
    id: event.id,
    event: event.event,
    createdAt: Number(event.createdAt) * 1000,
    room: room ? { name: room.name, sid: room.sid } : null,
    participant: participant
      ? { identity: participant.identity, sid: participant.sid, kind: KINDS[participant.kind] ?? "other" }
      : null,
    track: track ? { sid: track.sid, name: track.name, kind: TRACKS[track.type] ?? "data" } : null,
    egress: egressInfo ? egressState(egressInfo) : null,
  };
}
