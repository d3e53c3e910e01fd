import { randomBytes } from "node:crypto";
import { CONTROL_ATTRIBUTE, type ControlMethod, mintToken, parseControl, randomIdentity } from "@parley/livekit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { bearsApiKey } from "../http/api-key.ts";
import { HttpProblem } from "../http/problem.ts";
import { type LiveKitAccess, whoIsIn } from "../livekit.ts";
import { callRoom } from "./call-room.ts";
import { type TokenRequest, tokenRequest, tokenResponse } from "./schema.ts";
import { Seats } from "./seats.ts";

/** How long a join may begin with it; a call that has begun goes on. */
const TOKEN_TTL_S = 15 * 60;

export function tokenRoutes(
  app: FastifyInstance,
  livekit: LiveKitAccess,
  defaultAgent: string,
  apiKey: string | null,
  seats = new Seats(),
): void {
  const mayGrant = bearsApiKey(apiKey);
  app.post<{ Body: TokenRequest }>(
    "/api/token",
    { schema: { body: tokenRequest, response: { 201: tokenResponse } } },
    async (request, reply) => {
      const { body } = request;
      const roomConfig = callRoom(body.room_config, defaultAgent);
      const room = body.room_name ?? `room-${randomBytes(12).toString("base64url")}`;
      const identity = body.participant_identity ?? randomIdentity();
      const participant_token = await mintToken({
        apiKey: livekit.apiKey,
        apiSecret: livekit.apiSecret,
        ttlSeconds: TOKEN_TTL_S,
        room,
        identity,
        name: body.participant_name ?? undefined,
        metadata: body.participant_metadata ?? undefined,
        attributes: body.participant_attributes ?? undefined,
        control: controlAsked(request, mayGrant),
        roomConfig,
      });
      // A room or an identity of ours is random: nobody has it.
      if (body.participant_identity !== undefined) {
        const present = body.room_name === undefined ? null : await whoIsIn(livekit, room);
        // Asked and given in one go, so that of two requests at once one is refused.
        refuseTaken(seats, room, identity, present);
        seats.give(room, identity, present);
      }
      reply.code(201).header("cache-control", "no-store");
      return { server_url: livekit.publicUrl, participant_token };
    },
  );
}

/** What this token is to permit its bearer; only who has the server's key may ask for any. */
function controlAsked(
  request: FastifyRequest<{ Body: TokenRequest }>,
  mayGrant: (request: FastifyRequest) => boolean,
): ControlMethod[] {
  const asked = [...parseControl(request.body.participant_attributes?.[CONTROL_ATTRIBUTE])];
  if (asked.length === 0 || mayGrant(request)) return asked;
  throw new HttpProblem(
    403,
    "control-not-allowed",
    `Only a backend may give a participant control of a call (${CONTROL_ATTRIBUTE}): send the server's PARLEY_API_KEY as Authorization: Bearer <key>, or leave the attribute out.`,
  );
}

function refuseTaken(seats: Seats, room: string, identity: string, present: readonly string[] | null): void {
  const answer = seats.ask(room, identity, present);
  if (answer.free) return;
  const named = `The identity ${JSON.stringify(identity)}`;
  if (answer.why === "connected") {
    throw new HttpProblem(
      409,
      "identity-in-room",
      `${named} is in this room already, and a second one would throw the first out. Choose another participant_identity, or leave it out to get one that is free.`,
    );
  }
  throw new HttpProblem(
    409,
    "identity-joining",
    `${named} was given a token for this room a moment ago and may be about to join. Choose another participant_identity, leave it out, or try again in ${answer.retryAfterS} s.`,
    { "retry-after": String(answer.retryAfterS) },
  );
}
