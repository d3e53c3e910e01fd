import type { DeliveryRow, Store, WebhookRow } from "@parley/store";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import type { Principal } from "../../access/principal.ts";
import { iso, isoOrNull } from "../../http/page.ts";
import { HttpProblem } from "../../http/problem.ts";
import { deliveriesQuery, type delivery, deliveryList, deliveryParams, replayed, webhookParams } from "./schema.ts";

const tags = ["webhooks"];

/** How the deliveries of a webhook fare, and how they are sent again. */
export function deliveryRoutes(
  app: FastifyInstance,
  store: Pick<Store, "deliveries">,
  seen: (webhookId: string, principal: Principal) => Promise<WebhookRow>,
): void {
  app.get<{ Params: z.infer<typeof webhookParams>; Querystring: z.infer<typeof deliveriesQuery> }>(
    "/api/webhooks/:webhookId/deliveries",
    {
      config: { access: "webhooks:read" },
      schema: {
        summary: "List what a webhook was sent, or is to be",
        tags,
        params: webhookParams,
        querystring: deliveriesQuery,
        response: { 200: deliveryList },
      },
    },
    async ({ principal, params, query }) => {
      const { webhookId } = await seen(params.webhookId, principal);
      const page = await store.deliveries.list(webhookId, query);
      return { deliveries: page.items.map(shown), nextCursor: page.nextCursor };
    },
  );

  app.post<{ Params: z.infer<typeof deliveryParams> }>(
    "/api/webhooks/:webhookId/deliveries/:deliveryId/replay",
    {
      config: { access: "webhooks:write" },
      schema: { summary: "Send one again", tags, params: deliveryParams, response: { 200: replayed } },
    },
    async ({ principal, params }) => {
      const { webhookId } = await seen(params.webhookId, principal);
      const count = await store.deliveries.replay(webhookId, params.deliveryId);
      if (count > 0) return { replayed: count };
      const detail = `There is no delivery ${JSON.stringify(params.deliveryId)} of this webhook.`;
      throw new HttpProblem(404, "delivery-not-found", detail);
    },
  );

  app.post<{ Params: z.infer<typeof webhookParams> }>(
    "/api/webhooks/:webhookId/replay",
    {
      config: { access: "webhooks:write" },
      schema: { summary: "Send all dead ones again", tags, params: webhookParams, response: { 200: replayed } },
    },
    async ({ principal, params }) => {
      const { webhookId } = await seen(params.webhookId, principal);
      return { replayed: await store.deliveries.replay(webhookId, null) };
    },
  );
}

function shown(row: DeliveryRow): z.infer<typeof delivery> {
  const { nextAt, createdAt, finishedAt, ...rest } = row;
  return {
    ...rest,
    nextAttemptAt: row.status === "pending" ? iso(nextAt) : null,
    createdAt: iso(createdAt),
    finishedAt: isoOrNull(finishedAt),
  };
}
