import type { RoomConfiguration } from "@livekit/protocol";
import { AccessToken } from "livekit-server-sdk";
import { checkMetadata, joinerAttributes } from "./attributes.ts";
import { CONTROL_ATTRIBUTE, type ControlMethod, formatControl } from "./control.ts";
import { checkJoinerIdentity, checkRoomName } from "./identity.ts";
import { joinerRoomConfig } from "./room-config.ts";
import { type Keys, type Seat, seatGrant } from "./seat.ts";

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
  const token = new AccessToken(request.apiKey, request.apiSecret, {
    identity: request.identity,
    ttl: `${request.ttlSeconds ?? 900}s`,
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(request.metadata === undefined ? {} : { metadata: request.metadata }),
    attributes,
  });
  token.addGrant({ ...seatGrant(request.room), canUpdateOwnMetadata: false });
  if (request.roomConfig) token.roomConfig = joinerRoomConfig(request.roomConfig);
  return token.toJwt();
}
