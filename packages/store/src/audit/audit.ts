import { and, desc, eq, lt } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { type Page, type PageQuery, pageSize } from "../page.ts";
import { auditLog } from "./schema.ts";

/** Somebody did something that changes what others see. */
export type AuditRow = typeof auditLog.$inferSelect;

export interface Audit {
  add(entry: Omit<AuditRow, "auditId" | "at">): Promise<void>;
  /** Newest first; `tenantId` given: of that tenant alone. */
  list(query?: PageQuery & { tenantId?: string | undefined }): Promise<Page<AuditRow>>;
}

export function auditIn(db: NodePgDatabase): Audit {
  return {
    async add(entry) {
      await db.insert(auditLog).values(entry);
    },
    async list({ limit, cursor, tenantId } = {}) {
      const size = pageSize(limit);
      const before = cursor === undefined ? undefined : Number.parseInt(cursor, 36) || 0;
      const rows = await db
        .select()
        .from(auditLog)
        .where(
          and(
            tenantId === undefined ? undefined : eq(auditLog.tenantId, tenantId),
            before === undefined ? undefined : lt(auditLog.auditId, before),
          ),
        )
        .orderBy(desc(auditLog.auditId))
        .limit(size + 1);
      const items = rows.slice(0, size);
      const last = items.at(-1);
      return { items, nextCursor: rows.length > size && last ? last.auditId.toString(36) : null };
    },
  };
}
