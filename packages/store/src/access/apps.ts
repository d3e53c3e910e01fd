import { and, desc, eq, isNull } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { behind, type Page, type PageQuery, pageOf, pageSize } from "../page.ts";
import { apps } from "./schema.ts";

/** A page or an app that people call from. Its key is public. */
export type AppRow = typeof apps.$inferSelect;

/** `tenantId` given: of that tenant alone; whatever is another's is not there. */
export interface Apps {
  create(app: Omit<AppRow, "createdAt" | "revokedAt">): Promise<AppRow>;
  /** Null: unknown or revoked. */
  find(publishableKey: string): Promise<AppRow | null>;
  get(appId: string, tenantId?: string): Promise<AppRow | null>;
  list(query?: PageQuery & { tenantId?: string | undefined }): Promise<Page<AppRow>>;
  /** False: there was nothing to revoke. */
  revoke(appId: string, tenantId?: string): Promise<boolean>;
}

const ofTenant = (tenantId: string | undefined) => (tenantId === undefined ? undefined : eq(apps.tenantId, tenantId));

export function appsIn(db: NodePgDatabase): Apps {
  return {
    async create(app) {
      const [row] = await db.insert(apps).values(app).returning();
      return row!;
    },
    async find(publishableKey) {
      const [row] = await db
        .select()
        .from(apps)
        .where(and(eq(apps.publishableKey, publishableKey), isNull(apps.revokedAt)));
      return row ?? null;
    },
    async get(appId, tenantId) {
      const [row] = await db
        .select()
        .from(apps)
        .where(and(eq(apps.appId, appId), ofTenant(tenantId)));
      return row ?? null;
    },
    async list({ limit, cursor, tenantId } = {}) {
      const size = pageSize(limit);
      const rows = await db
        .select()
        .from(apps)
        .where(and(ofTenant(tenantId), behind(cursor, apps.createdAt, apps.appId)))
        .orderBy(desc(apps.createdAt), desc(apps.appId))
        .limit(size + 1);
      return pageOf(rows, size, ({ createdAt, appId }) => ({ at: createdAt, id: appId }));
    },
    async revoke(appId, tenantId) {
      const gone = await db
        .update(apps)
        .set({ revokedAt: new Date() })
        .where(and(eq(apps.appId, appId), ofTenant(tenantId), isNull(apps.revokedAt)))
        .returning({ appId: apps.appId });
      return gone.length > 0;
    },
  };
}
