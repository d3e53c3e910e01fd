import { createHmac } from "node:crypto";
import { checkRoomName } from "./identity.ts";
import { type Keys, type Seat, seatGrant } from "./seat.ts";

export interface AgentTokenRequest extends Keys, Seat {
  /** Default 3600, as LiveKit gives its own. */
  ttlSeconds?: number;
}

const WORKER_TTL_SECONDS = 600;

/** A token for an agent of ours that joins without a LiveKit job: a take-over, a test. `identity`: see agentIdentity. */
export async function mintAgentToken(request: AgentTokenRequest): Promise<string> {
  const { room, identity, name, metadata, attributes, ttlSeconds = 3600 } = request;
  checkRoomName(room);
  const video = { ...seatGrant(room), canUpdateOwnMetadata: true, agent: true };
  const grants = { kind: "agent", name, metadata, attributes, video };
  return signed(request, grants, ttlSeconds, identity);
}

/** A token with which a worker registers. */
export async function mintWorkerToken(keys: Keys): Promise<string> {
  return signed(keys, { video: { agent: true } }, WORKER_TTL_SECONDS);
}

/**
 * A JWT of LiveKit's grants, HS256 (RFC 7515, 7519). `AccessToken` of livekit-server-sdk makes the same; but it comes
 * with the whole of LiveKit's API, and every supervisor and every start would pay for that (docs/decisions/014).
 */
function signed({ apiKey, apiSecret }: Keys, grants: object, ttlSeconds: number, identity?: string): string {
  const now = Math.floor(Date.now() / 1000);
  const subject = identity === undefined ? {} : { sub: identity };
  const payload = { ...grants, iss: apiKey, ...subject, nbf: now, exp: now + ttlSeconds };
  const body = `${base64url({ alg: "HS256" })}.${base64url(payload)}`;
  return `${body}.${createHmac("sha256", apiSecret).update(body).digest("base64url")}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
