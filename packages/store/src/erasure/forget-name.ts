import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";

/**
 * Where a caller's name stands besides their calls: in answers to writes, kept for a day, and as the target of writes about
 * their context. Of this tenant alone: whatever one asks to have erased, nothing of another's is lost by it.
 */
export async function forgetName(db: NodePgDatabase, caller: string, tenantId: string | null): Promise<void> {
  const isTheirs =
    tenantId === null
      ? sql`true`
      : sql`(position(${JSON.stringify(tenantId)} in body) > 0 or owner in (
          select 'key:' || key_id from api_keys where tenant_id = ${tenantId}
          union all select 'app:' || app_id from apps where tenant_id = ${tenantId}))`;
  await db.execute(sql`
    delete from idempotency_keys where position(${JSON.stringify(caller)} in body) > 0 and ${isTheirs}`);
  // Older ones: they are not written any more.
  await db.execute(sql`
    update audit_log set target = null
    where target = ${caller} and action like '% /api/contexts/%'
      and tenant_id is not distinct from ${tenantId}`);
}
