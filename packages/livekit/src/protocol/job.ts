import { AvailabilityResponse, type Job, JobType } from "@livekit/protocol";
import { agentIdentity } from "../token/identity.ts";

/** A call that LiveKit wants an agent for. */
export interface JobOffer {
  jobId: string;
  dispatchId: string;
  agentName: string;
  room: { name: string; sid: string; metadata: string };
  /** Set for jobs that are about one participant. */
  participant: { identity: string; name: string; metadata: string } | null;
  /** From CreateDispatch, the token's roomConfig or the SIP rule; see parseRoomMetadata. */
  metadata: string;
  attributes: Readonly<Record<string, string>>;
}

/** The answer to an offer. LiveKit waits ten seconds for it, then asks another worker; a caller waits meanwhile. */
export type OfferAnswer =
  | {
      accept: true;
      /** Default `agent-<jobId>`. */
      identity?: string;
      name?: string;
      metadata?: string;
      attributes?: Readonly<Record<string, string>>;
    }
  | { accept: false; reason: string };

/** An accepted offer, with what is needed to join. The token is good for an hour. */
export interface AssignedJob {
  job: JobOffer;
  identity: string;
  token: string;
  url: string;
}

export const jobTypes = {
  room: JobType.JT_ROOM,
  publisher: JobType.JT_PUBLISHER,
  participant: JobType.JT_PARTICIPANT,
} as const;

export function jobOffer(job: Job): JobOffer {
  const { participant } = job;
  return {
    jobId: job.id,
    dispatchId: job.dispatchId,
    agentName: job.agentName,
    room: { name: job.room?.name ?? "", sid: job.room?.sid ?? "", metadata: job.room?.metadata ?? "" },
    participant: participant
      ? { identity: participant.identity, name: participant.name, metadata: participant.metadata }
      : null,
    metadata: job.metadata,
    attributes: job.attributes,
  };
}

/** The identity that an accepting answer asks for. */
export function answeredIdentity(offer: JobOffer, answer: OfferAnswer & { accept: true }): string {
  return answer.identity ?? agentIdentity(offer.jobId);
}

export function availabilityResponse(offer: JobOffer, answer: OfferAnswer): AvailabilityResponse {
  if (!answer.accept) return new AvailabilityResponse({ jobId: offer.jobId, available: false });
  return new AvailabilityResponse({
    jobId: offer.jobId,
    available: true,
    participantIdentity: answeredIdentity(offer, answer),
    participantName: answer.name ?? "",
    participantMetadata: answer.metadata ?? "",
    participantAttributes: { ...answer.attributes },
  });
}
