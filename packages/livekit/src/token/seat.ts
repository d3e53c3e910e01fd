import type { VideoGrant } from "livekit-server-sdk";

export interface Keys {
  apiKey: string;
  apiSecret: string;
}

/** A place in a room. */
export interface Seat {
  room: string;
  identity: string;
  name?: string | undefined;
  /** Reaches the agent as the caller's context; JSON where it can be. */
  metadata?: string | undefined;
  attributes?: Readonly<Record<string, string>> | undefined;
}

export function seatGrant(room: string): VideoGrant {
  return { roomJoin: true, room, canPublish: true, canSubscribe: true, canPublishData: true };
}
