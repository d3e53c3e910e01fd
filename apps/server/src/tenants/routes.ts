import type { Store, TenantRow } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { tenantSeenBy } from "../access/principal.ts";
import { tagVersion, versionChanged, versionWanted } from "../http/etag.ts";
import { iso, nothing, pageQuery } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import { type NewTenant, newTenant, tenant, tenantChange, tenantList, tenantParams, tenantSettings } from "./schema.ts";

const tags = ["tenants"];

export function tenantRoutes(app: FastifyInstance, store: Pick<Store, "tenants">): void {
  app.post<{ Body: NewTenant }>(
    "/api/tenants",
    {
      config: { access: "tenants:write" },
      schema: { summary: "Make a tenant", tags, body: newTenant, response: { 201: tenant } },
    },
    async (request, reply) => {
      onlyForAll(request);
      const row = await store.tenants.create(request.body);
      if (row === null) {
        const id = JSON.stringify(request.body.tenantId);
        throw new HttpProblem(409, "tenant-exists", `There is a tenant ${id} already: choose another id.`);
      }
      reply.code(201);
      tagVersion(reply, row.version);
      return shown(row);
    },
  );

  app.get<{ Querystring: z.infer<typeof pageQuery> }>(
    "/api/tenants",
    {
      config: { access: "tenants:read" },
      schema: { summary: "List tenants", tags, querystring: pageQuery, response: { 200: tenantList } },
    },
    async ({ principal, query }) => {
      const own = tenantSeenBy(principal);
      if (own !== undefined) {
        const row = await store.tenants.get(own);
        return { tenants: row ? [shown(row)] : [], nextCursor: null };
      }
      const page = await store.tenants.list(query);
      return { tenants: page.items.map(shown), nextCursor: page.nextCursor };
    },
  );

  app.get<{ Params: z.infer<typeof tenantParams> }>(
    "/api/tenants/:tenantId",
    {
      config: { access: "tenants:read" },
      schema: { summary: "Read a tenant", tags, params: tenantParams, response: { 200: tenant } },
    },
    async (request, reply) => {
      const row = await seen(request, request.params.tenantId);
      tagVersion(reply, row.version);
      return shown(row);
    },
  );

  app.patch<{ Params: z.infer<typeof tenantParams>; Body: z.infer<typeof tenantChange> }>(
    "/api/tenants/:tenantId",
    {
      config: { access: "tenants:write" },
      schema: { summary: "Change a tenant", tags, params: tenantParams, body: tenantChange, response: { 200: tenant } },
    },
    async (request, reply) => {
      const { tenantId } = request.params;
      const before = await seen(request, tenantId);
      onlyForAll(request);
      const version = versionWanted(request) ?? before.version;
      const { name, settings } = request.body;
      const row = await store.tenants.update(tenantId, version, {
        name,
        settings: settings && { ...before.settings, ...settings },
      });
      if (row === null) throw versionChanged(`The tenant ${JSON.stringify(tenantId)}`);
      tagVersion(reply, row.version);
      return shown(row);
    },
  );

  app.delete<{ Params: z.infer<typeof tenantParams> }>(
    "/api/tenants/:tenantId",
    {
      config: { access: "tenants:write" },
      schema: {
        summary: "Remove a tenant with its keys and apps",
        description: "Its calls stay until they are erased or their retention ends.",
        tags,
        params: tenantParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { tenantId } = await seen(request, request.params.tenantId);
      onlyForAll(request);
      if (!(await store.tenants.remove(tenantId))) throw notFound(tenantId);
      return reply.code(204).send();
    },
  );

  async function seen({ principal }: FastifyRequest, tenantId: string): Promise<TenantRow> {
    const own = tenantSeenBy(principal);
    const row = own === undefined || own === tenantId ? await store.tenants.get(tenantId) : null;
    if (row === null) throw notFound(tenantId);
    return row;
  }
}

/** A tenant may read about itself; its limits are the operator's to set. */
function onlyForAll({ principal }: FastifyRequest): void {
  if (tenantSeenBy(principal) === undefined) return;
  throw new HttpProblem(403, "tenant-bound", "This key belongs to one tenant; a key of every tenant may do this.");
}

function notFound(tenantId: string): HttpProblem {
  return new HttpProblem(404, "tenant-not-found", `There is no tenant ${JSON.stringify(tenantId)}.`);
}

function shown(row: TenantRow): z.infer<typeof tenant> {
  return {
    ...row,
    settings: tenantSettings.parse(row.settings),
    createdAt: iso(row.createdAt),
    updatedAt: iso(row.updatedAt),
  };
}
