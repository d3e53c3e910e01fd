import type { Store, WebhookRow } from "@parley/store";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { type Principal, tenantOfNew, tenantSeenBy } from "../../access/principal.ts";
import { newId } from "../../access/secrets.ts";
import { iso, isoOrNull, nothing, pageQuery } from "../../http/page.ts";
import { HttpProblem } from "../../http/problem.ts";
import type { PrivateHooks } from "../../outgoing/address.ts";
import { newWebhookSecret } from "../../outgoing/sign.ts";
import { refuseUrl } from "../../outgoing/url.ts";
import type { Secrets } from "../../secrets/secrets.ts";
import { deliveryRoutes } from "./delivery-routes.ts";
import {
  type NewWebhook,
  newWebhook,
  secretRotation,
  webhook,
  webhookChange,
  webhookList,
  webhookParams,
  webhookWithSecret,
} from "./schema.ts";

const tags = ["webhooks"];
/** Of one tenant. */
const MOST = 50;

export interface WebhookRoutesOptions {
  store: Pick<Store, "webhooks" | "deliveries" | "tenants">;
  secrets: Secrets;
  privateHooks: PrivateHooks;
}

/** What a webhook's secret is sealed for. */
export const about = (webhookId: string): string => `webhooks/${webhookId}`;

/** Addresses that are told of what happens; see docs/webhooks.md. */
export function webhookRoutes(app: FastifyInstance, options: WebhookRoutesOptions): void {
  const { store, secrets, privateHooks } = options;
  const exists = async (tenantId: string) => (await store.tenants.get(tenantId)) !== null;
  const seen = (webhookId: string, principal: Principal) => seenWebhook(store, webhookId, principal);

  app.post<{ Body: NewWebhook }>(
    "/api/webhooks",
    {
      config: { access: "webhooks:write", answersSecret: true },
      schema: {
        summary: "Have an address told of events",
        tags,
        body: newWebhook,
        response: { 201: webhookWithSecret },
      },
    },
    async ({ principal, body }, reply) => {
      refuseUrl(body.url, privateHooks);
      const tenantId = await tenantOfNew(principal, body.tenantId, exists);
      const webhookId = newId("wh");
      const secret = newWebhookSecret();
      const sealed = secrets.seal(secret, about(webhookId));
      const { url, description } = body;
      const events = [...new Set(body.events)];
      const row = await store.webhooks.create({ webhookId, tenantId, url, events, description, secret: sealed }, MOST);
      if (row === null)
        throw new HttpProblem(409, "webhooks-full", `There are ${MOST} webhooks already: remove one first.`);
      reply.code(201).header("cache-control", "no-store");
      return { ...shown(row), secret };
    },
  );

  app.get<{ Querystring: z.infer<typeof pageQuery> }>(
    "/api/webhooks",
    {
      config: { access: "webhooks:read" },
      schema: { summary: "List webhooks", tags, querystring: pageQuery, response: { 200: webhookList } },
    },
    async ({ principal, query }) => {
      const page = await store.webhooks.list({ ...query, tenantId: tenantSeenBy(principal) });
      return { webhooks: page.items.map(shown), nextCursor: page.nextCursor };
    },
  );

  app.get<{ Params: z.infer<typeof webhookParams> }>(
    "/api/webhooks/:webhookId",
    {
      config: { access: "webhooks:read" },
      schema: { summary: "Read a webhook", tags, params: webhookParams, response: { 200: webhook } },
    },
    async ({ principal, params }) => shown(await seen(params.webhookId, principal)),
  );

  app.patch<{ Params: z.infer<typeof webhookParams>; Body: z.infer<typeof webhookChange> }>(
    "/api/webhooks/:webhookId",
    {
      config: { access: "webhooks:write" },
      schema: {
        summary: "Change a webhook, or switch it off and on",
        tags,
        params: webhookParams,
        body: webhookChange,
        response: { 200: webhook },
      },
    },
    async ({ principal, params, body }) => {
      const before = await seen(params.webhookId, principal);
      if (body.url !== undefined) refuseUrl(body.url, privateHooks);
      const { enabled, events, ...change } = body;
      const disabled = enabled === undefined ? undefined : enabled ? (false as const) : "switched off";
      const wanted = { ...change, ...(events === undefined ? {} : { events: [...new Set(events)] }), disabled };
      const row = await store.webhooks.update(before.webhookId, wanted, tenantSeenBy(principal));
      if (row === null) throw notFound(params.webhookId);
      return shown(row);
    },
  );

  app.post<{ Params: z.infer<typeof webhookParams>; Body: z.infer<typeof secretRotation> }>(
    "/api/webhooks/:webhookId/rotate",
    {
      config: { access: "webhooks:write", answersSecret: true },
      schema: {
        summary: "Make a new secret; both sign for a while",
        tags,
        params: webhookParams,
        body: secretRotation,
        response: { 200: webhookWithSecret },
      },
    },
    async ({ principal, params, body }, reply) => {
      const { webhookId } = await seen(params.webhookId, principal);
      const secret = newWebhookSecret();
      const row = await store.webhooks.rotate(webhookId, {
        secret: secrets.seal(secret, about(webhookId)),
        graceMs: body.graceSeconds * 1_000,
        tenantId: tenantSeenBy(principal),
      });
      if (row === null) throw notFound(webhookId);
      reply.header("cache-control", "no-store");
      return { ...shown(row), secret };
    },
  );

  app.delete<{ Params: z.infer<typeof webhookParams> }>(
    "/api/webhooks/:webhookId",
    {
      config: { access: "webhooks:write" },
      schema: {
        summary: "Remove a webhook with its deliveries",
        tags,
        params: webhookParams,
        response: { 204: nothing },
      },
    },
    async ({ principal, params }, reply) => {
      if (!(await store.webhooks.remove(params.webhookId, tenantSeenBy(principal)))) throw notFound(params.webhookId);
      return reply.code(204).send();
    },
  );

  deliveryRoutes(app, store, seen);
}

async function seenWebhook(
  store: Pick<Store, "webhooks">,
  webhookId: string,
  principal: Principal,
): Promise<WebhookRow> {
  const row = await store.webhooks.get(webhookId, tenantSeenBy(principal));
  if (row === null) throw notFound(webhookId);
  return row;
}

function notFound(webhookId: string): HttpProblem {
  return new HttpProblem(404, "webhook-not-found", `There is no webhook ${JSON.stringify(webhookId)}.`);
}

function shown(row: WebhookRow): z.infer<typeof webhook> {
  const { webhookId, tenantId, url, events, description, disabledAt, disabledReason } = row;
  return {
    ...{ webhookId, tenantId, url, events, description, disabledReason },
    enabled: disabledAt === null,
    failingSince: isoOrNull(row.failingSince),
    createdAt: iso(row.createdAt),
  };
}
