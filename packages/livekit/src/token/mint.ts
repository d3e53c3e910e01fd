import type { RoomConfiguration } from "@livekit/protocol";
import { AccessToken, type VideoGrant } from "livekit-server-sdk";
import { checkMetadata, joinerAttributes } from "./attributes.ts";
import { CONTROL_ATTRIBUTE, type ControlMethod, formatControl } from "./control.ts";
import { checkJoinerIdentity, checkRoomName } from "./identity.ts";
import { joinerRoomConfig } from "./room-config.ts";

interface Keys {
  apiKey: string;
  apiSecret: string;
}

interface Seat {
  room: string;
  identity: string;
  name?: string | undefined;
  /** Reaches the agent as the caller's context; JSON where it can be. */
  metadata?: string | undefined;
  attributes?: Readonly<Record<string, string>> | undefined;
}

export interface TokenRequest extends Keys, Seat {
  /** Takes effect when this token's join creates the room; see joinerRoomConfig for what of it is kept. */
  roomConfig?: RoomConfiguration | undefined;
  /** What its bearer may do with the call; default nothing. See docs/control.md. */
  control?: readonly ControlMethod[] | undefined;
  /** How long a join with it may begin; a call that has begun goes on. Default 900. */
  ttlSeconds?: number | undefined;
}

/**
 * A token for a person: this room only, to speak, listen and send data; never admin. A person cannot change their own
 * metadata or attributes later: the agent relies on what the token said. Throws ParleyError (`identity-reserved`,
 * `identity-invalid`, `room-invalid`, `attributes-too-large`, `metadata-too-large`, `room-config-invalid`).
 */
export async function mintToken(request: TokenRequest): Promise<string> {
  checkJoinerIdentity(request.identity);
  checkRoomName(request.room);
  checkMetadata(request.metadata ?? "");
  const { control = [] } = request;
  const attributes = {
    ...joinerAttributes(request.attributes ?? {}),
    ...(control.length === 0 ? {} : { [CONTROL_ATTRIBUTE]: formatControl(control) }),
  };
  const token = accessToken({ ...request, attributes }, request.ttlSeconds ?? 900);
  token.addGrant({ ...seatGrant(request.room), canUpdateOwnMetadata: false });
  if (request.roomConfig) token.roomConfig = joinerRoomConfig(request.roomConfig);
  return token.toJwt();
}

export interface AgentTokenRequest extends Keys, Seat {
  /** Default 3600, as LiveKit gives its own. */
  ttlSeconds?: number;
}

/** A token for an agent of ours that joins without a LiveKit job: a take-over, a test. `identity`: see agentIdentity. */
export async function mintAgentToken(request: AgentTokenRequest): Promise<string> {
  checkRoomName(request.room);
  const token = accessToken(request, request.ttlSeconds ?? 3600);
  token.kind = "agent";
  token.addGrant({ ...seatGrant(request.room), canUpdateOwnMetadata: true, agent: true });
  return token.toJwt();
}

/** A token with which a worker registers. */
export async function mintWorkerToken({ apiKey, apiSecret }: Keys): Promise<string> {
  const token = new AccessToken(apiKey, apiSecret, { ttl: "10m" });
  token.addGrant({ agent: true });
  return token.toJwt();
}

function accessToken(seat: Keys & Seat, ttlSeconds: number): AccessToken {
  return new AccessToken(seat.apiKey, seat.apiSecret, {
    identity: seat.identity,
    ttl: `${ttlSeconds}s`,
    ...(seat.name === undefined ? {} : { name: seat.name }),
    ...(seat.metadata === undefined ? {} : { metadata: seat.metadata }),
    ...(seat.attributes === undefined ? {} : { attributes: { ...seat.attributes } }),
  });
}

function seatGrant(room: string): VideoGrant {
  return { roomJoin: true, room, canPublish: true, canSubscribe: true, canPublishData: true };
}
