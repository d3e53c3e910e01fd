import type { AppRow, Store } from "@parley/store";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { tenantOfNew, tenantSeenBy } from "../access/principal.ts";
import { newId, newPublishableKey } from "../access/secrets.ts";
import { iso, isoOrNull, nothing, pageQuery } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import { appList, appParams, type NewApp, newApp, shownApp } from "./schema.ts";

const tags = ["apps"];

/** Pages and apps that people call from, each with its publishable key. */
export function appRoutes(app: FastifyInstance, store: Pick<Store, "apps" | "tenants">): void {
  const exists = async (tenantId: string) => (await store.tenants.get(tenantId)) !== null;

  app.post<{ Body: NewApp }>(
    "/api/apps",
    {
      config: { access: "apps:write" },
      schema: {
        summary: "Make a publishable key for a page or an app",
        tags,
        body: newApp,
        response: { 201: shownApp },
      },
    },
    async ({ principal, body }, reply) => {
      const tenantId = await tenantOfNew(principal, body.tenantId, exists);
      const { name, allowedOrigins, agents, tokensPerMinute } = body;
      const row = await store.apps.create({
        appId: newId("app"),
        tenantId,
        name,
        publishableKey: newPublishableKey(),
        allowedOrigins,
        agents,
        tokensPerMinute,
      });
      reply.code(201);
      return shown(row);
    },
  );

  app.get<{ Querystring: z.infer<typeof pageQuery> }>(
    "/api/apps",
    {
      config: { access: "apps:read" },
      schema: { summary: "List apps", tags, querystring: pageQuery, response: { 200: appList } },
    },
    async ({ principal, query }) => {
      const page = await store.apps.list({ ...query, tenantId: tenantSeenBy(principal) });
      return { apps: page.items.map(shown), nextCursor: page.nextCursor };
    },
  );

  app.delete<{ Params: z.infer<typeof appParams> }>(
    "/api/apps/:appId",
    {
      config: { access: "apps:write" },
      schema: { summary: "Revoke an app's key at once", tags, params: appParams, response: { 204: nothing } },
    },
    async ({ principal, params }, reply) => {
      if (!(await store.apps.revoke(params.appId, tenantSeenBy(principal))))
        throw new HttpProblem(
          404,
          "app-not-found",
          `There is no app ${JSON.stringify(params.appId)} that is still good.`,
        );
      return reply.code(204).send();
    },
  );
}

function shown(row: AppRow): z.infer<typeof shownApp> {
  return { ...row, createdAt: iso(row.createdAt), revokedAt: isoOrNull(row.revokedAt) };
}
