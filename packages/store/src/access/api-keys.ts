import { and, desc, eq, gt, isNull, or, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { behind, type Page, type PageQuery, pageOf, pageSize } from "../page.ts";
import { sha256 } from "../sha256.ts";
import { apiKeys } from "./schema.ts";

/** A backend's key, without the key. */
export interface ApiKeyRow {
  keyId: string;
  /** Null: every tenant. */
  tenantId: string | null;
  name: string;
  scopes: string[];
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

/** `tenantId` given: of that tenant alone; whatever is another's is not there. */
export interface ApiKeys {
  create(key: Omit<ApiKeyRow, "createdAt" | "revokedAt"> & { secret: string }): Promise<ApiKeyRow>;
  /** Null: unknown, revoked or expired. */
  find(secret: string): Promise<ApiKeyRow | null>;
  /** Which of these are neither unknown, revoked nor expired: keys themselves, and ids of keys. */
  stillGood(passes: { secrets: readonly string[]; keyIds: readonly string[] }): Promise<{
    secrets: ReadonlySet<string>;
    keyIds: ReadonlySet<string>;
  }>;
  list(query?: PageQuery & { tenantId?: string | undefined }): Promise<Page<ApiKeyRow>>;
  /** The old one is good for `graceMs` more. Null: there is none, or it is revoked. */
  rotate(
    keyId: string,
    next: { secret: string; graceMs: number; tenantId?: string | undefined },
  ): Promise<ApiKeyRow | null>;
  /** At once, with the one before it. False: there was nothing to revoke. */
  revoke(keyId: string, tenantId?: string): Promise<boolean>;
}

const columns = {
  keyId: apiKeys.keyId,
  tenantId: apiKeys.tenantId,
  name: apiKeys.name,
  scopes: apiKeys.scopes,
  createdAt: apiKeys.createdAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
};

const ofTenant = (tenantId: string | undefined) =>
  tenantId === undefined ? undefined : eq(apiKeys.tenantId, tenantId);

export function apiKeysIn(db: NodePgDatabase): ApiKeys {
  return {
    async create({ secret, ...key }) {
      const [row] = await db
        .insert(apiKeys)
        .values({ ...key, keySha256: sha256(secret) })
        .returning(columns);
      return row!;
    },
    async find(secret) {
      const hash = sha256(secret);
      const now = new Date();
      const isIt = eq(apiKeys.keySha256, hash);
      const wasIt = and(eq(apiKeys.previousSha256, hash), gt(apiKeys.previousUntil, now));
      const isGood = or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now));
      const [row] = await db
        .select(columns)
        .from(apiKeys)
        .where(and(or(isIt, wasIt), isNull(apiKeys.revokedAt), isGood));
      return row ?? null;
    },
    async stillGood({ secrets, keyIds }) {
      const { rows } = await db.execute<{ key_id: string; now: Buffer; before: Buffer | null }>(sql`
        select key_id, key_sha256 as now, case when previous_until > now() then previous_sha256 end as before
        from api_keys
        where revoked_at is null and (expires_at is null or expires_at > now()) and (
          key_id = any(${sql.param([...keyIds])}::text[])
          or key_sha256 = any(${sql.param(secrets.map(sha256))}::bytea[])
          or previous_sha256 = any(${sql.param(secrets.map(sha256))}::bytea[]))`);
      const hashes = new Set(rows.flatMap(({ now, before }) => [now, before].map((hash) => hash?.toString("hex"))));
      return {
        secrets: new Set(secrets.filter((secret) => hashes.has(sha256(secret).toString("hex")))),
        keyIds: new Set(rows.map(({ key_id: keyId }) => keyId)),
      };
    },
    async list({ limit, cursor, tenantId } = {}) {
      const size = pageSize(limit);
      const rows = await db
        .select(columns)
        .from(apiKeys)
        .where(and(ofTenant(tenantId), behind(cursor, apiKeys.createdAt, apiKeys.keyId)))
        .orderBy(desc(apiKeys.createdAt), desc(apiKeys.keyId))
        .limit(size + 1);
      return pageOf(rows, size, ({ createdAt, keyId }) => ({ at: createdAt, id: keyId }));
    },
    async rotate(keyId, { secret, graceMs, tenantId }) {
      const [row] = await db
        .update(apiKeys)
        .set({
          previousSha256: sql`${apiKeys.keySha256}`,
          previousUntil: new Date(Date.now() + graceMs),
          keySha256: sha256(secret),
        })
        .where(and(eq(apiKeys.keyId, keyId), ofTenant(tenantId), isNull(apiKeys.revokedAt)))
        .returning(columns);
      return row ?? null;
    },
    async revoke(keyId, tenantId) {
      const gone = await db
        .update(apiKeys)
        .set({ revokedAt: new Date() })
        .where(and(eq(apiKeys.keyId, keyId), ofTenant(tenantId), isNull(apiKeys.revokedAt)))
        .returning({ keyId: apiKeys.keyId });
      return gone.length > 0;
    },
  };
}
