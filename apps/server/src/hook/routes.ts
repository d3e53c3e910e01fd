import type { Store, WebhookRow } from "@parley/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { tenantOfNew } from "../access/principal.ts";
import { newId } from "../access/secrets.ts";
import { iso, isoOrNull, nothing } from "../http/page.ts";
import { HttpProblem } from "../http/problem.ts";
import type { PrivateHooks } from "../outgoing/address.ts";
import { newWebhookSecret } from "../outgoing/sign.ts";
import { refuseUrl } from "../outgoing/url.ts";
import type { Secrets } from "../secrets/secrets.ts";
import { about } from "../webhooks/outbound/routes.ts";
import type { Breaker } from "./breaker.ts";
import { hook, hookBody, hookEvents, hookQuery, hookWithSecret } from "./schema.ts";

const tags = ["hook"];

type Query = z.infer<typeof hookQuery>;

export interface HookRoutesOptions {
  store: Pick<Store, "hooks" | "tenants">;
  secrets: Secrets;
  privateHooks: PrivateHooks;
  breaker: Breaker;
}

/** The address that a tenant's calls ask when they begin, and tell when they have ended; see docs/hooks.md. */
export function hookRoutes(app: FastifyInstance, { store, secrets, privateHooks, breaker }: HookRoutesOptions): void {
  const exists = async (tenantId: string) => (await store.tenants.get(tenantId)) !== null;
  const tenantOf = ({ principal, query }: FastifyRequest<{ Querystring: Query }>) =>
    tenantOfNew(principal, query.tenantId, exists);

  app.get<{ Querystring: Query }>(
    "/api/hook",
    {
      config: { access: "webhooks:read" },
      schema: { summary: "Read the business hook", tags, querystring: hookQuery, response: { 200: hook } },
    },
    async (request) => {
      const row = await store.hooks.get(await tenantOf(request));
      if (row === null) throw notFound();
      return shown(row);
    },
  );

  app.put<{ Querystring: Query; Body: z.infer<typeof hookBody> }>(
    "/api/hook",
    {
      config: { access: "webhooks:write", answersSecret: true },
      schema: {
        summary: "Set the business hook, or change it; one that was switched off is on again",
        tags,
        querystring: hookQuery,
        body: hookBody,
        response: { 200: hook, 201: hookWithSecret },
      },
    },
    async (request, reply) => {
      const { url, startTimeoutMs, events } = request.body;
      refuseUrl(url, privateHooks);
      const tenantId = await tenantOf(request);
      const wanted = { url, startTimeoutMs, events: hookEvents.filter((event) => events.includes(event)).map(stored) };
      const changed = await store.hooks.change(tenantId, wanted);
      if (changed !== null) return shown(changed);
      const webhookId = newId("hook");
      const secret = newWebhookSecret();
      const made = { ...wanted, webhookId, tenantId, secret: secrets.seal(secret, about(webhookId)) };
      const row = await store.hooks.create(made);
      if (row === null)
        throw new HttpProblem(409, "hook-exists", "Somebody else made the hook at this moment: try again.");
      reply.code(201).header("cache-control", "no-store");
      return { ...shown(row), secret };
    },
  );

  app.delete<{ Querystring: Query }>(
    "/api/hook",
    {
      config: { access: "webhooks:write" },
      schema: {
        summary: "Remove the business hook with its deliveries",
        tags,
        querystring: hookQuery,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      if (!(await store.hooks.remove(await tenantOf(request)))) throw notFound();
      return reply.code(204).send();
    },
  );

  function shown(row: WebhookRow): z.infer<typeof hook> {
    const { webhookId, tenantId, url, disabledAt, disabledReason, startTimeoutMs } = row;
    const { status, lastError, failedAt } = breaker.health(webhookId);
    return {
      ...{ hookId: webhookId, tenantId, url, startTimeoutMs: startTimeoutMs ?? 0, disabledReason },
      events: hookEvents.filter((event) => row.events.includes(stored(event))),
      enabled: disabledAt === null,
      failingSince: isoOrNull(row.failingSince),
      createdAt: iso(row.createdAt),
      start: { status, lastError, failedAt: isoOrNull(failedAt === null ? null : new Date(failedAt)) },
    };
  }
}

/** As the outbox knows them, apart from the events of webhooks. */
const stored = (event: (typeof hookEvents)[number]): string => `hook.${event}`;

function notFound(): HttpProblem {
  return new HttpProblem(404, "hook-not-found", "There is no business hook: make one by PUT /api/hook.");
}
