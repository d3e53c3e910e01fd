import { and, desc, eq, isNull, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { behind, type Page, type PageQuery, pageOf, pageSize } from "../page.ts";
import { emitEvents, type WebhookEvent } from "./events.ts";
import { webhooks } from "./schema.ts";

/** An address that is told of events. Its secrets are sealed by whoever makes them. */
export type WebhookRow = typeof webhooks.$inferSelect;

/**
 * `tenantId` given: of that tenant alone; whatever is another's is not there. A hook is found and rotated here as a
 * webhook is; everything else about it is in Hooks.
 */
export interface Webhooks {
  /** Null: there are `most` of that tenant already. */
  create(
    webhook: Pick<WebhookRow, "webhookId" | "tenantId" | "url" | "events" | "description" | "secret">,
    most: number,
  ): Promise<WebhookRow | null>;
  get(webhookId: string, tenantId?: string): Promise<WebhookRow | null>;
  list(query?: PageQuery & { tenantId?: string | undefined }): Promise<Page<WebhookRow>>;
  /** `disabled` false: it is told again, of what has waited too. Null: there is none. */
  update(
    webhookId: string,
    change: {
      url?: string | undefined;
      events?: string[] | undefined;
      description?: string | undefined;
      /** Why; false: it is not. */
      disabled?: string | false | undefined;
    },
    tenantId?: string,
  ): Promise<WebhookRow | null>;
  /** The old secret signs too for `graceMs`. Null: there is none. */
  rotate(
    webhookId: string,
    next: { secret: string; graceMs: number; tenantId?: string | undefined },
  ): Promise<WebhookRow | null>;
  /** With its deliveries. False: there was none. */
  remove(webhookId: string, tenantId?: string): Promise<boolean>;
  /** Something happened that is in no call's log. */
  emit(event: WebhookEvent): Promise<void>;
}

/** Of the advisory locks that let one request of a tenant count at a time: "HOOK". */
const LOCK_SPACE = 0x484f4f4b;

const isWebhook = eq(webhooks.kind, "webhook");
const isIt = (webhookId: string, tenantId: string | undefined) =>
  and(eq(webhooks.webhookId, webhookId), ofTenant(tenantId));
const ofTenant = (tenantId: string | undefined) =>
  tenantId === undefined ? undefined : eq(webhooks.tenantId, tenantId);

export function webhooksIn(db: NodePgDatabase, keys: KeyRing): Webhooks {
  return {
    create: (webhook, most) =>
      db.transaction(async (tx) => {
        const { tenantId } = webhook;
        await tx.execute(sql`select pg_advisory_xact_lock(${LOCK_SPACE}::integer, hashtext(${tenantId ?? ""}))`);
        const whose = tenantId === null ? isNull(webhooks.tenantId) : ofTenant(tenantId);
        const count = await tx.$count(webhooks, and(isWebhook, whose));
        if (count >= most) return null;
        const [row] = await tx.insert(webhooks).values(webhook).returning();
        return row!;
      }),
    async get(webhookId, tenantId) {
      const [row] = await db.select().from(webhooks).where(isIt(webhookId, tenantId));
      return row ?? null;
    },
    async list({ limit, cursor, tenantId } = {}) {
      const size = pageSize(limit);
      const rows = await db
        .select()
        .from(webhooks)
        .where(and(isWebhook, ofTenant(tenantId), behind(cursor, webhooks.createdAt, webhooks.webhookId)))
        .orderBy(desc(webhooks.createdAt), desc(webhooks.webhookId))
        .limit(size + 1);
      return pageOf(rows, size, ({ createdAt, webhookId }) => ({ at: createdAt, id: webhookId }));
    },
    async update(webhookId, { disabled, ...change }, tenantId) {
      const ability =
        disabled === undefined
          ? {}
          : disabled === false
            ? { disabledAt: null, disabledReason: null, failingSince: null }
            : { disabledAt: new Date(), disabledReason: disabled };
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      // Nothing to change is a change to what it is.
      const [row] = await db
        .update(webhooks)
        .set({ webhookId, ...given, ...ability })
        .where(and(isWebhook, isIt(webhookId, tenantId)))
        .returning();
      return row ?? null;
    },
    async rotate(webhookId, { secret, graceMs, tenantId }) {
      const [row] = await db
        .update(webhooks)
        .set({
          previousSecret: sql`${webhooks.secret}`,
          previousUntil: new Date(Date.now() + graceMs),
          secret,
        })
        .where(isIt(webhookId, tenantId))
        .returning();
      return row ?? null;
    },
    async remove(webhookId, tenantId) {
      const gone = await db
        .delete(webhooks)
        .where(and(isWebhook, isIt(webhookId, tenantId)))
        .returning({ id: webhooks.webhookId });
      return gone.length > 0;
    },
    emit: (event) => emitEvents(db, keys, [event]),
  };
}
