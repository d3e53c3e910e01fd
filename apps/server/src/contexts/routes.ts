import type { ContextOwner, ContextWritten, Store, UserContextRow } from "@parley/store";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { tenantOfNew } from "../access/principal.ts";
import { tagVersion, versionChanged, versionWanted } from "../http/etag.ts";
import { iso, nothing } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import { contextBody, contextParams, contextQuery, userContext } from "./schema.ts";

const tags = ["contexts"];

type Params = z.infer<typeof contextParams>;
type Query = z.infer<typeof contextQuery>;
type Body = z.infer<typeof contextBody>;

/** What agents know of a person from one call to the next; see docs/contexts.md. */
export function contextRoutes(app: FastifyInstance, store: Pick<Store, "contexts" | "tenants">): void {
  const exists = async (tenantId: string) => (await store.tenants.get(tenantId)) !== null;

  /** A name means another person in each tenant. */
  async function ownerOf(request: FastifyRequest<{ Params: Params; Querystring: Query }>): Promise<ContextOwner> {
    const { principal, params, query } = request;
    return { tenantId: await tenantOfNew(principal, query.tenantId, exists), userId: params.userId };
  }

  app.get<{ Params: Params; Querystring: Query }>(
    "/api/contexts/:userId",
    {
      config: { access: "contexts:read" },
      schema: {
        summary: "What is known of a person",
        tags,
        params: contextParams,
        querystring: contextQuery,
        response: { 200: userContext },
      },
    },
    async (request, reply) => {
      const row = await store.contexts.get(await ownerOf(request));
      if (row === null) throw notFound(request.params.userId);
      return answer(reply, row);
    },
  );

  app.put<{ Params: Params; Querystring: Query; Body: Body }>(
    "/api/contexts/:userId",
    {
      config: { access: "contexts:write" },
      schema: {
        summary: "Set what is known of a person",
        tags,
        params: contextParams,
        querystring: contextQuery,
        body: contextBody,
        response: { 200: userContext, 201: userContext },
      },
    },
    async (request, reply) => {
      const owner = await ownerOf(request);
      const written = await store.contexts.put(owner, request.body, versionWanted(request));
      if (written.outcome === "written" && written.isNew) reply.code(201);
      return answer(reply, rowOf(written, owner.userId));
    },
  );

  app.patch<{ Params: Params; Querystring: Query; Body: Body }>(
    "/api/contexts/:userId",
    {
      config: { access: "contexts:write" },
      schema: {
        summary: "Change what is known of a person",
        description: "A JSON merge patch (RFC 7396): what it names is replaced, objects are merged, null removes.",
        tags,
        params: contextParams,
        querystring: contextQuery,
        body: contextBody,
        response: { 200: userContext },
      },
    },
    async (request, reply) => {
      const owner = await ownerOf(request);
      const written = await store.contexts.patch(owner, request.body, versionWanted(request));
      return answer(reply, rowOf(written, owner.userId));
    },
  );

  app.delete<{ Params: Params; Querystring: Query }>(
    "/api/contexts/:userId",
    {
      config: { access: "contexts:write" },
      schema: {
        summary: "Forget a person",
        tags,
        params: contextParams,
        querystring: contextQuery,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      if (!(await store.contexts.remove(await ownerOf(request)))) throw notFound(request.params.userId);
      return reply.code(204).send();
    },
  );
}

function rowOf(written: ContextWritten, userId: string): UserContextRow {
  switch (written.outcome) {
    case "written":
      return written.row;
    case "absent":
      throw notFound(userId);
    case "version-changed":
      throw versionChanged("The context");
    case "too-large":
      throw new HttpProblem(413, "context-too-large", "A context has 32 KiB of JSON at most: keep less in it.");
    default:
      return written satisfies never;
  }
}

function answer(reply: FastifyReply, row: UserContextRow): z.infer<typeof userContext> {
  reply.header("cache-control", "no-store");
  tagVersion(reply, row.version);
  return { ...row, createdAt: iso(row.createdAt), updatedAt: iso(row.updatedAt) };
}

function notFound(userId: string): HttpProblem {
  return new HttpProblem(404, "context-not-found", `Nothing is known of ${JSON.stringify(userId)}.`);
}
