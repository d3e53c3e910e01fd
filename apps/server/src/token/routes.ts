import { randomBytes } from "node:crypto";
import { isStoredId, STORED_AGENTS } from "@parley/agent/stored";
import { CONTROL_ATTRIBUTE, type ControlMethod, mintToken, parseControl, randomIdentity } from "@parley/livekit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Principal } from "../access/principal.ts";
import { permits } from "../access/scopes.ts";
import { tenantRoom } from "../access/tenant-room.ts";
import type { AgentDirectory, AgentToSend } from "../agents/directory.ts";
import type { BeginningCalls } from "../calls/beginning.ts";
import { type OriginRules, refuseForeign } from "../http/origins.ts";
import { HttpProblem } from "../http/problem.ts";
import type { RateLimits } from "../http/rate-limits.ts";
import { type LiveKitAccess, whoIsIn } from "../livekit.ts";
import type { RefuseOverQuota } from "../usage/quota.ts";
import { callRoom, callsIn } from "./call-room.ts";
import { type TokenRequest, tokenRequest, tokenResponse } from "./schema.ts";
import { Seats } from "./seats.ts";

/** How long a join may begin with it; a call that has begun goes on. */
const TOKEN_TTL_S = 15 * 60;

export interface TokenOptions {
  livekit: LiveKitAccess;
  directory: AgentDirectory;
  defaultAgent: string;
  /** A worker of code is connected: agents that the directory does not know are not there. */
  knowsWorkers(): boolean;
  origins: OriginRules;
  limits: Pick<RateLimits, "token">;
  /** The id of the app that is our own page. */
  ownAppId: string | null;
  refuseOverQuota: RefuseOverQuota;
  beginning: Pick<BeginningCalls, "given">;
  seats?: Seats;
}

export function tokenRoutes(app: FastifyInstance, options: TokenOptions): void {
  const { livekit, defaultAgent, limits, seats = new Seats() } = options;
  app.post<{ Body: TokenRequest }>(
    "/api/token",
    {
      config: { access: "token", isEveryday: true },
      schema: {
        summary: "A token for LiveKit, in LiveKit's standard form",
        tags: ["calls"],
        body: tokenRequest,
        response: { 201: tokenResponse },
      },
    },
    async (request, reply) => {
      const { body, principal } = request;
      refusePage(request, options);
      if (principal.kind === "app") await limits.token(request, principal.app);
      const tenantId = ownTenant(principal);
      const agents = agentsOf(principal, defaultAgent);
      const find = async (agentId: string): Promise<AgentToSend> => {
        agents.refuseOther(agentId);
        // Where no worker of code has a line to us, whatever else is named may be an agent of one that has none.
        const isKnowable = isStoredId(agentId) || agentId === STORED_AGENTS || options.knowsWorkers();
        return isKnowable ? options.directory.find(agentId, tenantId) : { agentName: agentId, metadata: {} };
      };
      const person = { mayBeNamed: principal.kind !== "app", identity: body.participant_identity };
      const roomConfig = await callRoom(body.room_config, { person, defaultAgent: agents.first, tenantId, find });
      const room = tenantRoom(tenantId, body.room_name ?? `room-${randomBytes(12).toString("base64url")}`);
      const identity = body.participant_identity ?? randomIdentity();
      await options.refuseOverQuota(tenantId, callsIn(roomConfig));
      const participant_token = await mintToken({
        apiKey: livekit.apiKey,
        apiSecret: livekit.apiSecret,
        ttlSeconds: TOKEN_TTL_S,
        room,
        identity,
        name: body.participant_name ?? undefined,
        metadata: body.participant_metadata ?? undefined,
        attributes: body.participant_attributes ?? undefined,
        control: controlAsked(request),
        roomConfig,
      });
      // A room or an identity of ours is random: nobody has it.
      if (body.participant_identity !== undefined) {
        const present = body.room_name === undefined ? null : await whoIsIn(livekit, room);
        // Asked and given in one go, so that of two requests at once one is refused.
        refuseTaken(seats, room, identity, present);
        seats.give(room, identity, present);
      }
      options.beginning.given(callsIn(roomConfig), tenantId);
      reply.code(201).header("cache-control", "no-store");
      return { server_url: livekit.publicUrl, participant_token };
    },
  );
}

/** What this token is to permit its bearer; only a backend may ask for any. */
function controlAsked({ principal, body }: FastifyRequest<{ Body: TokenRequest }>): ControlMethod[] {
  const asked = [...parseControl(body.participant_attributes?.[CONTROL_ATTRIBUTE])];
  const mayGrant = principal.kind === "root" || (principal.kind === "key" && permits(principal.scopes, "calls:write"));
  if (asked.length === 0 || mayGrant) return asked;
  throw new HttpProblem(
    403,
    "control-not-allowed",
    `Only a backend may give a participant control of a call (${CONTROL_ATTRIBUTE}): send the server's PARLEY_API_KEY, or a key with calls:write, as Authorization: Bearer <key>, or leave the attribute out.`,
  );
}

/** A publishable key names its pages; a backend's has no business in one but our own and those of the configuration. */
function refusePage({ principal, headers }: FastifyRequest, { origins, ownAppId }: TokenOptions): void {
  const { origin, host = "" } = headers;
  if (principal.kind === "app") {
    const { appId, allowedOrigins } = principal.app;
    refuseForeign(origin, appId === ownAppId ? host : "", { open: false, allowedOrigins });
  } else refuseForeign(origin, host, origins);
}

function ownTenant(principal: Principal): string | null {
  if (principal.kind === "key") return principal.tenantId;
  return principal.kind === "app" ? principal.app.tenantId : null;
}

/** The agents that may be asked for. */
function agentsOf(principal: Principal, defaultAgent: string) {
  const allowed = principal.kind === "app" ? principal.app.agents : [];
  return {
    first: allowed[0] ?? defaultAgent,
    refuseOther(agentName: string): void {
      if (allowed.length === 0 || allowed.includes(agentName)) return;
      const detail = `This key may ask for ${allowed.join(", ")}, not for ${JSON.stringify(agentName)}.`;
      throw new HttpProblem(403, "agent-not-allowed", detail);
    },
  };
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
