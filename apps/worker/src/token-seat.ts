import { z } from "zod";

const claims = z.object({
  sub: z.string().min(1),
  exp: z.number().optional(),
  metadata: z.string().default(""),
  video: z.object({ room: z.string().min(1), roomJoin: z.literal(true) }),
});

/** The place in a room that a LiveKit token is for. */
export interface TokenSeat {
  room: string;
  identity: string;
  metadata: string;
  /** Unix ms; null: never. */
  expiresAt: number | null;
}

/** Reads a token without checking its signature: LiveKit does that. Null: it is none that lets anybody into a room. */
export function readSeat(token: string): TokenSeat | null {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  } catch {
    return null;
  }
  const read = claims.safeParse(json);
  if (!read.success) return null;
  const { sub: identity, exp, metadata, video } = read.data;
  return { room: video.room, identity, metadata, expiresAt: exp === undefined ? null : exp * 1000 };
}
