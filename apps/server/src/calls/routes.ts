import type { CallRow, Store } from "@parley/store";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { tenantSeenBy } from "../access/principal.ts";
import { type BeginningCalls, callNow } from "./beginning.ts";
import { type call, callList, callParams, callWithFacts, factsQuery, listQuery } from "./schema.ts";

const tags = ["calls"];

export function callRoutes(
  app: FastifyInstance,
  { store, beginning }: { store: Pick<Store, "calls" | "facts">; beginning: BeginningCalls },
): void {
  app.get<{ Querystring: z.infer<typeof listQuery> }>(
    "/api/calls",
    {
      config: { access: "calls:read" },
      schema: { summary: "List calls", tags, querystring: listQuery, response: { 200: callList } },
    },
    async (request, reply) => {
      const page = await store.calls.list({ ...request.query, tenantId: tenantSeenBy(request.principal) });
      reply.header("cache-control", "no-store");
      return { calls: page.calls.map(shown), nextCursor: page.nextCursor };
    },
  );

  app.get<{ Params: z.infer<typeof callParams>; Querystring: z.infer<typeof factsQuery> }>(
    "/api/calls/:callId",
    {
      config: { access: "calls:read" },
      schema: {
        summary: "A call with a page of its log",
        tags,
        params: callParams,
        querystring: factsQuery,
        response: { 200: callWithFacts },
      },
    },
    async (request, reply) => {
      const { callId } = request.params;
      const row = await callNow(beginning, callId, tenantSeenBy(request.principal));
      const { facts, nextAfterSeq } = await store.facts.read(callId, request.query);
      reply.header("cache-control", "no-store");
      return { call: shown(row), facts, nextAfterSeq };
    },
  );
}

function shown(row: CallRow): z.infer<typeof call> {
  return { ...row, startedAt: row.startedAt.toISOString(), endedAt: row.endedAt?.toISOString() ?? null };
}
