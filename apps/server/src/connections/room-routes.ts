import { AGENT_STATE_ATTRIBUTE, type RoomParticipant } from "@parley/livekit";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { tenantSeenBy } from "../access/principal.ts";
import { tenantOfRoom, tenantRoom } from "../access/tenant-room.ts";
import { HttpProblem } from "../http/problem.ts";
import { connectionOf } from "./make.ts";
import { type ConnectionOptions, endCall, named } from "./routes.ts";
import { connectAnswer, connectRequest, disconnectRequest, roomsAnswer, roomsQuery } from "./schema.ts";

const tags = ["livekit"];
/** Of those without a name given. */
const MOST_ROOMS = 200;

/** Agents in rooms that are somebody else's, and who is in which room now. */
export function roomRoutes(app: FastifyInstance, options: ConnectionOptions & { defaultAgent: string }): void {
  const { store, livekit, agents, defaultAgent } = options;

  app.post<{ Body: z.infer<typeof connectRequest> }>(
    "/livekit/connect",
    {
      config: { access: "calls:write", isEveryday: true },
      schema: { summary: "Send an agent into a room", tags, body: connectRequest, response: { 201: connectAnswer } },
    },
    async ({ principal, body }, reply) => {
      const tenantId = tenantSeenBy(principal) ?? null;
      const agentId = body.agentId ?? defaultAgent;
      const agent = await agents.find(agentId, tenantId);
      const metadata = body.participant_name == null ? {} : { participantName: body.participant_name };
      const wanted = { tenantId, agentId, agent, language: null, metadata };
      const made = connectionOf("agent", tenantRoom(tenantId, body.room_name), wanted);
      await options.refuseOverQuota(tenantId, [made.callId]);
      const connection = await store.connections.create(made);
      try {
        await livekit.rooms.createDispatch(connection.roomName, agent.agentName, connection.metadata);
      } catch (error) {
        const failed = { status: "failed" as const, at: new Date(), reason: "not-dispatched" };
        await store.connections.end(connection.connectionId, failed);
        throw error;
      }
      reply.code(201);
      return { connectionId: connection.connectionId, room_name: connection.roomName, status: connection.status };
    },
  );

  app.post<{ Body: z.infer<typeof disconnectRequest> }>(
    "/livekit/disconnect",
    {
      config: { access: "calls:write", isEveryday: true },
      schema: {
        summary: "Take the agent out of a room; its people stay",
        tags,
        body: disconnectRequest,
        response: { 200: connectAnswer },
      },
    },
    async (request) => {
      const { connectionId, room_name } = request.body;
      const before = await named(store, request, connectionId, room_name);
      if (before.endedAt === null) await endCall(before, options, "disconnected-by-api");
      const { status, roomName } = (await store.connections.get(before.connectionId)) ?? before;
      return { connectionId: before.connectionId, room_name: roomName, status };
    },
  );

  app.get<{ Querystring: z.infer<typeof roomsQuery> }>(
    "/livekit/status",
    {
      config: { access: "calls:read" },
      schema: { summary: "Who is in which room now", tags, querystring: roomsQuery, response: { 200: roomsAnswer } },
    },
    async ({ principal, query }) => {
      const own = tenantSeenBy(principal);
      const wanted = query.room_name;
      const isMine = (room: string) => own === undefined || tenantOfRoom(room) === own;
      const isWanted = (room: string) =>
        wanted === undefined || room === wanted || (own && room === tenantRoom(own, wanted));
      const rooms = (await livekit.rooms.listRooms()).filter(({ name }) => isMine(name) && isWanted(name));
      if (wanted !== undefined && rooms.length === 0)
        throw new HttpProblem(404, "room-not-found", `There is no room ${JSON.stringify(wanted)} now.`);
      const shown = rooms.slice(0, MOST_ROOMS).map(async ({ name, createdAt }) => {
        const present = await livekit.rooms.listParticipants(name);
        return { room_name: name, ...whoIs(present), since: new Date(createdAt).toISOString() };
      });
      return { rooms: await Promise.all(shown) };
    },
  );
}

function whoIs(present: readonly RoomParticipant[]) {
  const agent = present.find(({ kind }) => kind === "agent");
  return {
    agent: agent ? { identity: agent.identity, state: agent.attributes[AGENT_STATE_ATTRIBUTE] ?? null } : null,
    participants: present.map(({ identity, name, kind, joinedAt }) => ({
      identity,
      name,
      kind,
      joinedAt: new Date(joinedAt).toISOString(),
    })),
    tracks: present.flatMap(({ identity, tracks }) => tracks.map((track) => ({ ...track, identity }))),
  };
}
