import type { ConnectionRow, Store } from "@parley/store";
import type { OrderResult } from "@parley/uplink";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { tenantOfNew, tenantSeenBy } from "../access/principal.ts";
import { tenantRoom } from "../access/tenant-room.ts";
import type { AgentDirectory } from "../agents/directory.ts";
import { isoOrNull } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import type { LiveKitAccess } from "../livekit.ts";
import type { RefuseOverQuota } from "../usage/quota.ts";
import { entryTo, makeRoom } from "./make.ts";
import {
  type CreateRoomRequest,
  connectionParams,
  connectionStatus,
  createRoomRequest,
  endCallRequest,
  type JoinRoomRequest,
  joinRoomRequest,
  roomEntry,
  stats,
} from "./schema.ts";

const tags = ["livekit"];

export interface ConnectionOptions {
  store: Pick<Store, "connections" | "tenants">;
  livekit: LiveKitAccess;
  agents: AgentDirectory;
  refuseOverQuota: RefuseOverQuota;
  /** Tells the worker that runs the call. Never rejects. */
  command(callId: string, name: "end", args: Record<string, unknown>): Promise<OrderResult>;
}

/** Calls as an application makes them: a room with an agent, people who join it, its state, its end. */
export function connectionRoutes(app: FastifyInstance, options: ConnectionOptions): void {
  const { store, livekit, agents } = options;
  const exists = async (tenantId: string) => (await store.tenants.get(tenantId)) !== null;

  async function entry(connection: ConnectionRow, participantName: string): Promise<z.infer<typeof roomEntry>> {
    const accessToken = await entryTo(connection, livekit, participantName);
    const { connectionId, roomName, status } = connection;
    return { connectionId, roomName, accessToken, serverUrl: livekit.publicUrl, status };
  }

  app.post<{ Body: CreateRoomRequest }>(
    "/livekit/create-room",
    {
      config: { access: "calls:write", isEveryday: true },
      schema: {
        summary: "Make a room with an agent, and a way in",
        tags,
        body: createRoomRequest,
        response: { 201: roomEntry },
      },
    },
    async ({ principal, body }, reply) => {
      const tenantId = await tenantOfNew(principal, body.tenantId, exists);
      const agent = await agents.find(body.agentId, tenantId);
      const connection = await makeRoom(options, {
        tenantId,
        agentId: body.agentId,
        agent,
        language: body.voiceLanguage ?? null,
        metadata: body.metadata ?? {},
      });
      reply.code(201).header("cache-control", "no-store");
      return entry(connection, body.participantName);
    },
  );

  app.post<{ Body: JoinRoomRequest }>(
    "/livekit/join-room",
    {
      config: { access: "calls:write", isEveryday: true },
      schema: {
        summary: "A way into a room for one more person",
        tags,
        body: joinRoomRequest,
        response: { 200: roomEntry },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const connection = await named(store, request, body.connectionId, body.roomName);
      if (connection.endedAt !== null) {
        const why = `It is over (${connection.status}: ${connection.endReason}); make another by POST /livekit/create-room.`;
        throw new HttpProblem(409, "connection-over", why);
      }
      reply.header("cache-control", "no-store");
      return entry(connection, body.participantName);
    },
  );

  app.post<{ Body: z.infer<typeof endCallRequest> }>(
    "/livekit/end-call",
    {
      config: { access: "calls:write", isEveryday: true },
      schema: {
        summary: "End a call; one that is over stays as it ended",
        tags,
        body: endCallRequest,
        response: { 200: connectionStatus },
      },
    },
    async (request) => {
      const before = await named(store, request, request.body.connectionId, null);
      if (before.endedAt === null) await endCall(before, options);
      return shown((await store.connections.get(before.connectionId)) ?? before);
    },
  );

  app.get<{ Params: z.infer<typeof connectionParams> }>(
    "/livekit/connection-status/:id",
    {
      config: { access: "calls:read" },
      schema: { summary: "How a call fares", tags, params: connectionParams, response: { 200: connectionStatus } },
    },
    async (request) => shown(await named(store, request, request.params.id, null)),
  );

  app.get(
    "/livekit/stats",
    {
      config: { access: "calls:read" },
      schema: { summary: "How many calls there are and were", tags, response: { 200: stats } },
    },
    async ({ principal }) => {
      const { byStatus, averageMs } = await store.connections.stats(tenantSeenBy(principal));
      const total = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
      return { active: byStatus.active, total, byStatus, averageMs, errors: byStatus.failed };
    },
  );
}

/** Its worker ends the call politely; where none has it, the room goes. */
export async function endCall(
  connection: ConnectionRow,
  options: ConnectionOptions,
  reason = "ended-by-api",
): Promise<void> {
  const { connectionId, callId, roomName, kind } = connection;
  const told = await options.command(callId, "end", { reason });
  await options.store.connections.end(connectionId, { status: "ended", at: new Date(), reason });
  if (kind === "room" && !told.ok) await options.livekit.rooms.deleteRoom(roomName);
}

/** By its id, or the newest of that room. Throws HttpProblem 404 `connection-not-found`. */
export async function named(
  store: Pick<Store, "connections">,
  { principal }: FastifyRequest,
  connectionId: string | null | undefined,
  roomName: string | null | undefined,
): Promise<ConnectionRow> {
  const own = tenantSeenBy(principal);
  const row =
    connectionId == null
      ? ((await store.connections.ofRoom(roomName ?? "", own)) ??
        (own === undefined ? null : await store.connections.ofRoom(tenantRoom(own, roomName ?? ""), own)))
      : await store.connections.get(connectionId, own);
  if (row !== null) return row;
  const what =
    connectionId == null
      ? `connection in a room ${JSON.stringify(roomName)}`
      : `connection ${JSON.stringify(connectionId)}`;
  throw new HttpProblem(404, "connection-not-found", `There is no ${what}.`);
}

export function shown(row: ConnectionRow): z.infer<typeof connectionStatus> {
  const { connectionId, roomName, agentId, tenantId, callId, status, endReason } = row;
  const times = { startedAt: isoOrNull(row.startedAt), endedAt: isoOrNull(row.endedAt) };
  return { connectionId, roomName, agentId, tenantId, callId, status, ...times, endReason };
}
