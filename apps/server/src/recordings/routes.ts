import type { RecordingRow, Store } from "@parley/store";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { tenantSeenBy } from "../access/principal.ts";
import { newPlayTicket } from "../access/secrets.ts";
import { readTranscript } from "../conversations/read.ts";
import { iso, isoOrNull, nothing } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import { type PlayOptions, play } from "./play.ts";
import * as schema from "./schema.ts";

const tags = ["recordings"];
type Params = z.infer<typeof schema.recordingParams>;

export interface RecordingRoutesOptions extends PlayOptions {
  store: Pick<Store, "recordings" | "calls" | "facts" | "tenants">;
}

const sound = {
  200: { description: "The sound", content: { "audio/ogg": { schema: {} } } },
  206: { description: "The part of it that Range asks for", content: { "audio/ogg": { schema: {} } } },
  304: nothing,
};

/** What calls sounded like. */
export function recordingRoutes(app: FastifyInstance, options: RecordingRoutesOptions): void {
  const { store } = options;

  app.get<{ Querystring: z.infer<typeof schema.recordingsQuery> }>(
    "/api/recordings",
    {
      config: { access: "recordings:read" },
      schema: {
        summary: "List recordings",
        tags,
        querystring: schema.recordingsQuery,
        response: { 200: schema.recordingList },
      },
    },
    async ({ principal, query }, reply) => {
      const page = await store.recordings.list({ ...query, tenantId: tenantSeenBy(principal) });
      reply.header("cache-control", "no-store");
      return { recordings: page.items.map(shown), nextCursor: page.nextCursor };
    },
  );

  app.get<{ Params: Params }>(
    "/api/recordings/:recordingId",
    {
      config: { access: "recordings:read" },
      schema: { summary: "A recording", tags, params: schema.recordingParams, response: { 200: schema.recording } },
    },
    async ({ principal, params }, reply) => {
      reply.header("cache-control", "no-store");
      return shown(await seen(params.recordingId, tenantSeenBy(principal)));
    },
  );

  app.get<{ Params: Params }>(
    "/api/recordings/:recordingId/audio",
    {
      config: { access: "recordings:read" },
      schema: {
        summary: "Its sound, whole or by Range: Ogg Opus, left who calls, right the agent",
        tags,
        params: schema.recordingParams,
        response: sound,
      },
    },
    async (request, reply) => {
      const row = await seen(request.params.recordingId, tenantSeenBy(request.principal));
      return play(row, request, reply, options);
    },
  );

  app.post<{ Params: Params; Body: z.infer<typeof schema.urlRequest> }>(
    "/api/recordings/:recordingId/url",
    {
      config: { access: "recordings:read", isEveryday: true, answersSecret: true },
      schema: {
        summary: "An address that plays it without a key, for some minutes",
        tags,
        params: schema.recordingParams,
        body: schema.urlRequest,
        response: { 201: schema.playUrl },
      },
    },
    async ({ principal, params, body }, reply) => {
      const { recordingId } = await seen(params.recordingId, tenantSeenBy(principal));
      const [secret, expiresAt] = [newPlayTicket(), new Date(Date.now() + body.expiresInSeconds * 1_000)];
      await store.recordings.issueTicket({ secret, recordingId, expiresAt });
      reply.code(201).header("cache-control", "no-store");
      return { url: `/recordings/${recordingId}/audio?ticket=${secret}`, expiresAt: iso(expiresAt) };
    },
  );

  app.get<{ Params: Params; Querystring: z.infer<typeof schema.playQuery> }>(
    "/recordings/:recordingId/audio",
    {
      config: { access: "itself" },
      // Its address comes from the route above.
      schema: { summary: "Its sound", hide: true, params: schema.recordingParams, querystring: schema.playQuery },
    },
    async (request, reply) => {
      const { recordingId } = request.params;
      if ((await store.recordings.findTicket(request.query.ticket)) !== recordingId) {
        const detail = "This address has expired: get another by POST /api/recordings/:recordingId/url.";
        throw new HttpProblem(401, "ticket-not-good", detail);
      }
      return play(await seen(recordingId, undefined), request, reply, options);
    },
  );

  app.delete<{ Params: Params }>(
    "/api/recordings/:recordingId",
    {
      config: { access: "recordings:write" },
      schema: {
        summary: "Delete its sound; that there was one is remembered",
        tags,
        params: schema.recordingParams,
        response: { 204: nothing },
      },
    },
    async ({ principal, params }, reply) => {
      const { madeBy, status } = await seen(params.recordingId, tenantSeenBy(principal));
      if (madeBy === "egress" && status === "receiving")
        throw new HttpProblem(409, "recording-live", "LiveKit's Egress still writes it: stop the recording first.");
      await store.recordings.remove(params.recordingId, tenantSeenBy(principal));
      return reply.code(204).send();
    },
  );

  app.get<{ Params: z.infer<typeof schema.recordingOfCallParams> }>(
    "/api/calls/:callId/recording",
    {
      config: { access: "recordings:read" },
      schema: {
        summary: "A call's recording, with where in it what was said",
        tags,
        params: schema.recordingOfCallParams,
        response: { 200: schema.recordingOfCall },
      },
    },
    async ({ principal, params: { callId } }, reply) => {
      const tenantId = tenantSeenBy(principal);
      const call = await store.calls.get(callId, tenantId);
      if (call === null) throw new HttpProblem(404, "call-not-found", `There is no call ${JSON.stringify(callId)}.`);
      const [row] = await store.recordings.ofCall(callId, tenantId);
      if (row === undefined) throw new HttpProblem(404, "recording-not-found", "The call was not recorded.");
      const { turns, redacted, truncated } = await readTranscript(store, call);
      reply.header("cache-control", "no-store");
      const placed = turns.map((turn) => ({ ...turn, positionMs: positionIn(row, turn.startMs) }));
      return { recording: shown(row), turns: placed, redacted, truncated };
    },
  );

  async function seen(recordingId: string, tenantId: string | undefined): Promise<RecordingRow> {
    const row = await store.recordings.get(recordingId, tenantId);
    if (row !== null) return row;
    throw new HttpProblem(404, "recording-not-found", `There is no recording ${JSON.stringify(recordingId)}.`);
  }
}

function positionIn({ startMs, durationMs }: RecordingRow, atMs: number): number | null {
  if (startMs === null || durationMs === null) return null;
  const positionMs = atMs - startMs;
  return positionMs >= 0 && positionMs <= durationMs ? positionMs : null;
}

function shown(row: RecordingRow): z.infer<typeof schema.recording> {
  const { recordingId, callId, tenantId, madeBy, status, error, startMs, durationMs, bytes, contentType } = row;
  const times = { createdAt: iso(row.createdAt), readyAt: isoOrNull(row.readyAt) };
  const about = { startMs, durationMs, bytes, contentType, encrypted: row.sealedKey !== null };
  return { recordingId, callId, tenantId, madeBy, status, error, ...about, ...times };
}
