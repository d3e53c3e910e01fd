import type { CallRow, Store } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { HttpProblem } from "../http/problem.ts";
import { type call, callList, callParams, callWithFacts, factsQuery, listQuery } from "./schema.ts";

export function callRoutes(
  app: FastifyInstance,
  store: Pick<Store, "calls" | "facts">,
  mayRead: (request: FastifyRequest) => Promise<void>,
): void {
  app.get<{ Querystring: z.infer<typeof listQuery> }>(
    "/api/calls",
    { onRequest: mayRead, schema: { querystring: listQuery, response: { 200: callList } } },
    async (request, reply) => {
      const { limit, cursor } = request.query;
      const page = await store.calls.list({ limit, ...(cursor === undefined ? {} : { cursor }) });
      reply.header("cache-control", "no-store");
      return { calls: page.calls.map(shown), nextCursor: page.nextCursor };
    },
  );

  app.get<{ Params: z.infer<typeof callParams>; Querystring: z.infer<typeof factsQuery> }>(
    "/api/calls/:callId",
    {
      onRequest: mayRead,
      schema: { params: callParams, querystring: factsQuery, response: { 200: callWithFacts } },
    },
    async (request, reply) => {
      const { callId } = request.params;
      const row = await store.calls.get(callId);
      if (row === null) throw new HttpProblem(404, "call-not-found", `There is no call ${JSON.stringify(callId)}.`);
      const { facts, nextAfterSeq } = await store.facts.read(callId, request.query);
      reply.header("cache-control", "no-store");
      return { call: shown(row), facts, nextAfterSeq };
    },
  );
}

function shown(row: CallRow): z.infer<typeof call> {
  return { ...row, startedAt: row.startedAt.toISOString(), endedAt: row.endedAt?.toISOString() ?? null };
}
