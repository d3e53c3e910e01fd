import { and, desc, eq, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { behind, type Page, type PageQuery, pageOf, pageSize } from "../page.ts";
import { tenants } from "./schema.ts";

export type TenantRow = typeof tenants.$inferSelect;

export interface Tenants {
  /** Null: there is one of that id. */
  create(tenant: { tenantId: string; name: string; settings: Record<string, unknown> }): Promise<TenantRow | null>;
  get(tenantId: string): Promise<TenantRow | null>;
  list(query?: PageQuery): Promise<Page<TenantRow>>;
  /** Null: there is none, or it is not of that version any more. */
  update(
    tenantId: string,
    version: number,
    change: { name?: string | undefined; settings?: Record<string, unknown> | undefined },
  ): Promise<TenantRow | null>;
  /** With its keys and apps; its calls stay until they are erased. False: there was none. */
  remove(tenantId: string): Promise<boolean>;
}

export function tenantsIn(db: NodePgDatabase): Tenants {
  return {
    async create(tenant) {
      const [row] = await db.insert(tenants).values(tenant).onConflictDoNothing().returning();
      return row ?? null;
    },
    async get(tenantId) {
      const [row] = await db.select().from(tenants).where(eq(tenants.tenantId, tenantId));
      return row ?? null;
    },
    async list({ limit, cursor } = {}) {
      const size = pageSize(limit);
      const rows = await db
        .select()
        .from(tenants)
        .where(behind(cursor, tenants.createdAt, tenants.tenantId))
        .orderBy(desc(tenants.createdAt), desc(tenants.tenantId))
        .limit(size + 1);
      return pageOf(rows, size, ({ createdAt, tenantId }) => ({ at: createdAt, id: tenantId }));
    },
    async update(tenantId, version, { name, settings }) {
      const [row] = await db
        .update(tenants)
        .set({
          ...(name === undefined ? {} : { name }),
          ...(settings === undefined ? {} : { settings }),
          version: sql`${tenants.version} + 1`,
          updatedAt: new Date(),
        })
        .where(and(eq(tenants.tenantId, tenantId), eq(tenants.version, version)))
        .returning();
      return row ?? null;
    },
    async remove(tenantId) {
      const gone = await db.delete(tenants).where(eq(tenants.tenantId, tenantId)).returning({ id: tenants.tenantId });
      return gone.length > 0;
    },
  };
}
