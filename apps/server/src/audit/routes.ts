import type { Store } from "@parley/store";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { tenantSeenBy } from "../access/principal.ts";
import { iso, nextCursor, pageQuery, time } from "../http/page.ts";

const entry = z.object({
  at: time,
  tenantId: z.string().nullable(),
  actor: z.string().describe("root, local, or key:<keyId>"),
  action: z.string(),
  target: z.string().nullable(),
  status: z.int(),
  requestId: z.string(),
  address: z.string().nullable(),
});
const auditList = z.object({ entries: z.array(entry), nextCursor });

export function auditRoutes(app: FastifyInstance, store: Pick<Store, "audit">): void {
  app.get<{ Querystring: z.infer<typeof pageQuery> }>(
    "/api/audit",
    {
      config: { access: "audit:read" },
      schema: { summary: "Who changed what", tags: ["audit"], querystring: pageQuery, response: { 200: auditList } },
    },
    async ({ principal, query }) => {
      const page = await store.audit.list({ ...query, tenantId: tenantSeenBy(principal) });
      return { entries: page.items.map((row) => ({ ...row, at: iso(row.at) })), nextCursor: page.nextCursor };
    },
  );
}
