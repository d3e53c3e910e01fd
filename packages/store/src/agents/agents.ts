import { and, desc, eq, getTableColumns, isNull, lt, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { behind, type Page, type PageQuery, pageOf, pageSize } from "../page.ts";
import { agents, agentVersions } from "./schema.ts";

export type AgentRow = Omit<typeof agents.$inferSelect, "removedAt">;
export type AgentVersionRow = typeof agentVersions.$inferSelect;

/** What an agent is, by one of its versions; secrets in it are sealed. */
export interface StoredAgent extends AgentRow {
  definition: Record<string, unknown>;
}

/**
 * Agents that are not of code. `tenantId`: of that tenant alone, null of nobody's in particular, undefined of all;
 * whatever is another's, or was removed, is not there.
 */
export interface Agents {
  create(agent: {
    agentId: string;
    tenantId: string | null;
    name: string;
    definition: Record<string, unknown>;
  }): Promise<StoredAgent>;
  /** As it is now. */
  get(agentId: string, tenantId?: string | null): Promise<StoredAgent | null>;
  list(query?: PageQuery & { tenantId?: string | null | undefined }): Promise<Page<AgentRow>>;
  /** A new version behind `version`. Null: it is not the newest any more. */
  change(
    agentId: string,
    version: number,
    change: { name: string; definition: Record<string, unknown>; restoredFrom?: number },
  ): Promise<StoredAgent | null>;
  /** Newest first. */
  versions(agentId: string, query?: { limit?: number; beforeVersion?: number }): Promise<AgentVersionRow[]>;
  version(agentId: string, version: number): Promise<AgentVersionRow | null>;
  /** For a call that began with it: also when the agent was removed meanwhile. */
  versionOf(agentId: string, version: number, tenantId: string | null): Promise<AgentVersionRow | null>;
  /** False: there was nothing to remove. */
  remove(agentId: string, tenantId?: string | null): Promise<boolean>;
}

const ofTenant = (tenantId: string | null | undefined) => {
  if (tenantId === undefined) return undefined;
  return tenantId === null ? isNull(agents.tenantId) : eq(agents.tenantId, tenantId);
};
const isThere = isNull(agents.removedAt);
const isVersion = (agentId: string, version: number) =>
  and(eq(agentVersions.agentId, agentId), eq(agentVersions.version, version));

const { removedAt: _, ...shown } = getTableColumns(agents);

export function agentsIn(db: NodePgDatabase): Agents {
  return {
    create: ({ definition, ...agent }) =>
      db.transaction(async (tx) => {
        const [row] = await tx.insert(agents).values(agent).returning(shown);
        await tx.insert(agentVersions).values({ agentId: agent.agentId, version: 1, definition });
        return { ...row!, definition };
      }),
    async get(agentId, tenantId) {
      const [row] = await db
        .select({ ...shown, definition: agentVersions.definition })
        .from(agents)
        .innerJoin(
          agentVersions,
          and(eq(agentVersions.agentId, agents.agentId), eq(agentVersions.version, agents.version)),
        )
        .where(and(eq(agents.agentId, agentId), ofTenant(tenantId), isThere));
      return row ?? null;
    },
    async list({ limit, cursor, tenantId } = {}) {
      const size = pageSize(limit);
      const rows = await db
        .select(shown)
        .from(agents)
        .where(and(ofTenant(tenantId), isThere, behind(cursor, agents.createdAt, agents.agentId)))
        .orderBy(desc(agents.createdAt), desc(agents.agentId))
        .limit(size + 1);
      return pageOf(rows, size, ({ createdAt, agentId }) => ({ at: createdAt, id: agentId }));
    },
    change: (agentId, version, { name, definition, restoredFrom }) =>
      db.transaction(async (tx) => {
        // Whoever gets here first locks the row; the second finds another version.
        const [row] = await tx
          .update(agents)
          .set({ name, version: sql`${agents.version} + 1`, updatedAt: new Date() })
          .where(and(eq(agents.agentId, agentId), eq(agents.version, version), isThere))
          .returning(shown);
        if (row === undefined) return null;
        await tx
          .insert(agentVersions)
          .values({ agentId, version: row.version, definition, restoredFrom: restoredFrom ?? null });
        return { ...row, definition };
      }),
    versions: (agentId, { limit, beforeVersion } = {}) =>
      db
        .select()
        .from(agentVersions)
        .where(
          and(
            eq(agentVersions.agentId, agentId),
            beforeVersion === undefined ? undefined : lt(agentVersions.version, beforeVersion),
          ),
        )
        .orderBy(desc(agentVersions.version))
        .limit(pageSize(limit)),
    async version(agentId, version) {
      const [row] = await db.select().from(agentVersions).where(isVersion(agentId, version));
      return row ?? null;
    },
    async versionOf(agentId, version, tenantId) {
      const [row] = await db
        .select({ found: agentVersions })
        .from(agentVersions)
        .innerJoin(agents, eq(agents.agentId, agentVersions.agentId))
        .where(and(isVersion(agentId, version), ofTenant(tenantId)));
      return row?.found ?? null;
    },
    async remove(agentId, tenantId) {
      const gone = await db
        .update(agents)
        .set({ removedAt: new Date() })
        .where(and(eq(agents.agentId, agentId), ofTenant(tenantId), isThere))
        .returning({ agentId: agents.agentId });
      return gone.length > 0;
    },
  };
}
