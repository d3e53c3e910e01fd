import { and, eq, isNull } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { webhooks } from "../webhooks/schema.ts";
import type { WebhookRow } from "../webhooks/webhooks.ts";

/** What a hook is told at a call's end is at most this long; a longer transcript is left out. */
export const MAX_HOOK_BODY = 512 * 1024;

type HookChange = Pick<WebhookRow, "url" | "events" | "startTimeoutMs">;

/** The business hook of each tenant (null: of the calls of no tenant). Its secret is sealed by whoever makes it. */
export interface Hooks {
  get(tenantId: string | null): Promise<WebhookRow | null>;
  /** What it was not told while it was switched off is told now. Null: there is none yet. */
  change(tenantId: string | null, change: HookChange): Promise<WebhookRow | null>;
  /** Null: there is one already. */
  create(hook: HookChange & Pick<WebhookRow, "webhookId" | "tenantId" | "secret">): Promise<WebhookRow | null>;
  /** With its deliveries. False: there was none. */
  remove(tenantId: string | null): Promise<boolean>;
}

export function hooksIn(db: NodePgDatabase): Hooks {
  const isOf = (tenantId: string | null) =>
    and(eq(webhooks.kind, "hook"), tenantId === null ? isNull(webhooks.tenantId) : eq(webhooks.tenantId, tenantId));
  return {
    async get(tenantId) {
      const [row] = await db.select().from(webhooks).where(isOf(tenantId));
      return row ?? null;
    },
    async change(tenantId, change) {
      const working = { disabledAt: null, disabledReason: null, failingSince: null };
      const [row] = await db
        .update(webhooks)
        .set({ ...change, ...working })
        .where(isOf(tenantId))
        .returning();
      return row ?? null;
    },
    async create(hook) {
      const [row] = await db
        .insert(webhooks)
        .values({ ...hook, kind: "hook", description: "" })
        .onConflictDoNothing()
        .returning();
      return row ?? null;
    },
    async remove(tenantId) {
      const gone = await db.delete(webhooks).where(isOf(tenantId)).returning({ id: webhooks.webhookId });
      return gone.length > 0;
    },
  };
}
