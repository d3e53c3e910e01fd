import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Client } from "pg";
import { StoreError } from "./error.ts";
import type { StoreLog } from "./log.ts";

/** Beside src and beside dist alike, so a built package finds it without copying. */
const ownMigrations = new URL("../migrations/", import.meta.url);

/** Any number that nothing else in the database locks: "PARL". */
const LOCK_KEY = 0x5041524c;

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/**
 * Brings the schema up to date, one transaction a migration. Replicas that start together wait for each other.
 * Throws StoreError `migration-changed`, `schema-newer`, `migration-failed`.
 */
export async function migrate(client: Client, log: StoreLog, folder: URL = ownMigrations): Promise<void> {
  const known = await readMigrations(folder);
  await client.query("select pg_advisory_lock($1)", [LOCK_KEY]);
  try {
    await client.query(`create table if not exists parley_migrations (
      name text primary key,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
    const { rows } = await client.query<{ name: string; checksum: string }>(
      "select name, checksum from parley_migrations order by name",
    );
    const applied = new Map(rows.map((row) => [row.name, row.checksum]));
    refuseForeign(applied, known);
    for (const migration of known) {
      if (applied.has(migration.name)) continue;
      await apply(client, migration);
      log.info({ migration: migration.name }, "database migrated");
    }
  } finally {
    await client.query("select pg_advisory_unlock($1)", [LOCK_KEY]).catch(() => undefined);
  }
}

function refuseForeign(applied: ReadonlyMap<string, string>, known: readonly Migration[]): void {
  const names = new Set(known.map((migration) => migration.name));
  const newer = [...applied.keys()].filter((name) => !names.has(name));
  if (newer.length > 0) {
    throw new StoreError(
      `The database was made by a newer Parley (it has the migration ${newer.join(", ")}, unknown here). ` +
        "Start that version or newer, or point DATABASE_URL at another database.",
      { code: "schema-newer", category: "configuration" },
    );
  }
  const changed = known.filter(
    (migration) => (applied.get(migration.name) ?? migration.checksum) !== migration.checksum,
  );
  if (changed.length > 0) {
    throw new StoreError(
      `The migration ${changed.map((migration) => migration.name).join(", ")} was changed after it had been applied. ` +
        "Restore the file as it was, and put the change into a new migration.",
      { code: "migration-changed", category: "configuration" },
    );
  }
}

async function apply(client: Client, migration: Migration): Promise<void> {
  await client.query("begin");
  try {
    await client.query(migration.sql);
    await client.query("insert into parley_migrations (name, checksum) values ($1, $2)", [
      migration.name,
      migration.checksum,
    ]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(`The migration ${migration.name} failed and was undone: ${reason}`, {
      code: "migration-failed",
      category: "internal",
      cause: error,
    });
  }
}

async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (name) => {
      // A checkout with CRLF line ends is not a changed migration.
      const sql = (await readFile(new URL(name, folder), "utf8")).replaceAll("\r\n", "\n");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}
