import type { ErasureRow, Store } from "@parley/store";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { tenantOfNew, tenantSeenBy } from "../access/principal.ts";
import { newId } from "../access/secrets.ts";
import { callParams } from "../calls/schema.ts";
import { iso, isoOrNull, nothing, pageQuery } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import { carryOut } from "./carry-out.ts";
import { type erasure, erasureList, erasureParams, erasureProof, newErasure } from "./schema.ts";

const tags = ["erasures"];

/** Calls and callers that are to be gone for good, with the proof that they are. */
export function erasureRoutes(
  app: FastifyInstance,
  store: Pick<Store, "erasures" | "contexts" | "calls" | "tenants">,
  deleteRecordings: () => Promise<void>,
): void {
  const exists = async (tenantId: string) => (await store.tenants.get(tenantId)) !== null;

  app.delete<{ Params: z.infer<typeof callParams> }>(
    "/api/calls/:callId",
    {
      config: { access: "erasures:write" },
      schema: {
        summary: "Erase a call that has ended, for good",
        tags,
        params: callParams,
        response: { 204: nothing },
      },
    },
    async ({ principal, params }, reply) => {
      const { callId } = params;
      const call = await store.calls.get(callId, tenantSeenBy(principal));
      if (call === null) throw new HttpProblem(404, "call-not-found", `There is no call ${JSON.stringify(callId)}.`);
      if (call.status === "live") throw new HttpProblem(409, "call-live", "The call still runs: hang up first.");
      const wanted = { erasureId: newId("erasure"), tenantId: call.tenantId, reason: "call" as const, subject: callId };
      await carryOut(store, await store.erasures.begin(wanted), deleteRecordings);
      return reply.code(204).send();
    },
  );

  app.post<{ Body: z.infer<typeof newErasure> }>(
    "/api/erasures",
    {
      config: { access: "erasures:write" },
      schema: {
        summary: "Erase every call of a caller, for good",
        description: "Those that run go when they have ended; until then finishedAt is null.",
        tags,
        body: newErasure,
        response: { 201: erasureProof },
      },
    },
    async ({ principal, body }, reply) => {
      const tenantId = await tenantOfNew(principal, body.tenantId, exists);
      const wanted = { erasureId: newId("erasure"), tenantId, reason: "caller" as const, subject: body.caller };
      const begun = await store.erasures.begin(wanted);
      await carryOut(store, begun, deleteRecordings);
      reply.code(201);
      return proof((await store.erasures.get(begun.erasureId)) ?? begun);
    },
  );

  app.get<{ Querystring: z.infer<typeof pageQuery> }>(
    "/api/erasures",
    {
      config: { access: "erasures:read" },
      schema: { summary: "What was erased", tags, querystring: pageQuery, response: { 200: erasureList } },
    },
    async ({ principal, query }) => {
      const page = await store.erasures.list({ ...query, tenantId: tenantSeenBy(principal) });
      return { erasures: page.items.map(shown), nextCursor: page.nextCursor };
    },
  );

  app.get<{ Params: z.infer<typeof erasureParams> }>(
    "/api/erasures/:erasureId",
    {
      config: { access: "erasures:read" },
      schema: { summary: "The proof of an erasure", tags, params: erasureParams, response: { 200: erasureProof } },
    },
    async ({ principal, params }) => {
      const row = await store.erasures.get(params.erasureId, tenantSeenBy(principal));
      if (row !== null) return proof(row);
      throw new HttpProblem(404, "erasure-not-found", `There is no erasure ${JSON.stringify(params.erasureId)}.`);
    },
  );

  async function proof(row: ErasureRow): Promise<z.infer<typeof erasureProof>> {
    return { ...shown(row), remaining: await store.erasures.remains(row.erasureId) };
  }
}

function shown(row: ErasureRow): z.infer<typeof erasure> {
  const { erasureId, tenantId, reason, calls, keys } = row;
  const times = { requestedAt: iso(row.requestedAt), finishedAt: isoOrNull(row.finishedAt) };
  const destroyed = { keys, keysDestroyedAt: isoOrNull(row.keysDestroyedAt) };
  return {
    erasureId,
    tenantId,
    reason,
    calls,
    ...destroyed,
    subjectSha256: row.subjectSha256.toString("hex"),
    ...times,
  };
}
