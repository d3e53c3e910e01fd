import type { ApiKeyRow, Store } from "@parley/store";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { type Principal, tenantOfNew, tenantSeenBy } from "../access/principal.ts";
import { permits, type Scope } from "../access/scopes.ts";
import { newId, newSecretKey } from "../access/secrets.ts";
import { iso, isoOrNull, nothing, pageQuery } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import { type apiKey, keyList, keyParams, keyWithSecret, type NewKey, newKey, rotation } from "./schema.ts";

const tags = ["keys"];

export function keyRoutes(app: FastifyInstance, store: Pick<Store, "apiKeys" | "tenants">): void {
  const exists = async (tenantId: string) => (await store.tenants.get(tenantId)) !== null;

  app.post<{ Body: NewKey }>(
    "/api/keys",
    {
      config: { access: "keys:write", answersSecret: true },
      schema: { summary: "Make a key", tags, body: newKey, response: { 201: keyWithSecret } },
    },
    async ({ principal, body }, reply) => {
      refuseMore(principal, body.scopes as Scope[]);
      const tenantId = await tenantOfNew(principal, body.tenantId, exists);
      const key = newSecretKey();
      const row = await store.apiKeys.create({
        keyId: newId("key"),
        tenantId,
        name: body.name,
        scopes: [...new Set(body.scopes)],
        expiresAt: body.expiresAt ?? null,
        secret: key,
      });
      reply.code(201).header("cache-control", "no-store");
      return { ...shown(row), key };
    },
  );

  app.get<{ Querystring: z.infer<typeof pageQuery> }>(
    "/api/keys",
    {
      config: { access: "keys:read" },
      schema: { summary: "List keys, without the keys", tags, querystring: pageQuery, response: { 200: keyList } },
    },
    async ({ principal, query }) => {
      const page = await store.apiKeys.list({ ...query, tenantId: tenantSeenBy(principal) });
      return { keys: page.items.map(shown), nextCursor: page.nextCursor };
    },
  );

  app.post<{ Params: z.infer<typeof keyParams>; Body: z.infer<typeof rotation> }>(
    "/api/keys/:keyId/rotate",
    {
      config: { access: "keys:write", answersSecret: true },
      schema: {
        summary: "Make a new key in place of this one, which stays good for a while",
        tags,
        params: keyParams,
        body: rotation,
        response: { 200: keyWithSecret },
      },
    },
    async ({ principal, params, body }, reply) => {
      const key = newSecretKey();
      const row = await store.apiKeys.rotate(params.keyId, {
        secret: key,
        graceMs: body.graceSeconds * 1000,
        tenantId: tenantSeenBy(principal),
      });
      if (row === null) throw notFound(params.keyId);
      reply.header("cache-control", "no-store");
      return { ...shown(row), key };
    },
  );

  app.delete<{ Params: z.infer<typeof keyParams> }>(
    "/api/keys/:keyId",
    {
      config: { access: "keys:write" },
      schema: { summary: "Revoke a key at once", tags, params: keyParams, response: { 204: nothing } },
    },
    async ({ principal, params }, reply) => {
      if (!(await store.apiKeys.revoke(params.keyId, tenantSeenBy(principal)))) throw notFound(params.keyId);
      return reply.code(204).send();
    },
  );
}

/** Nobody makes a key that may do more than the one it is made with. */
function refuseMore(principal: Principal, wanted: readonly Scope[]): void {
  if (principal.kind !== "key") return;
  const more = wanted.filter((scope) => !permits(principal.scopes, scope));
  if (more.length === 0) return;
  throw new HttpProblem(403, "scope-missing", `This key lacks ${more.join(", ")}, so it cannot give them away.`);
}

function notFound(keyId: string): HttpProblem {
  return new HttpProblem(404, "key-not-found", `There is no key ${JSON.stringify(keyId)} that is still good.`);
}

function shown(row: ApiKeyRow): z.infer<typeof apiKey> {
  return {
    ...row,
    createdAt: iso(row.createdAt),
    expiresAt: isoOrNull(row.expiresAt),
    revokedAt: isoOrNull(row.revokedAt),
  };
}
