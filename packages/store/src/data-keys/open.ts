import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { StoreError } from "../error.ts";
import { NAMES } from "./data-keys.ts";
import { unreadable, type Wrapping } from "./wrapped.ts";

/**
 * The key that people are looked up by; made the first time.
 * Throws StoreError `data-keys-missing`, `data-key-unreadable`.
 */
export async function openNames(db: Pick<NodePgDatabase, "execute">, wraps: Wrapping): Promise<Buffer> {
  await mustBeThere(db);
  const { rows: foreign } = await db.execute<{ sealed_with: string }>(sql`
    select sealed_with from parley_keys.data_keys
    where sealed_with is not null and sealed_with <> all(${sql.param([...wraps.known])}::text[]) limit 1`);
  if (foreign[0] !== undefined) throw unreadable(foreign[0].sealed_with);
  const fresh = wraps.wrap(NAMES);
  await db.execute(sql`
    insert into parley_keys.data_keys (key_id, key, sealed_with)
    values (${fresh.keyId}, ${fresh.key}, ${fresh.sealedWith}) on conflict do nothing`);
  const { rows } = await db.execute<{ key: Buffer; sealed_with: string | null }>(
    sql`select key, sealed_with from parley_keys.data_keys where key_id = ${NAMES}`,
  );
  return wraps.unwrap({ keyId: NAMES, key: rows[0]!.key, sealedWith: rows[0]!.sealed_with });
}

async function mustBeThere(db: Pick<NodePgDatabase, "execute">): Promise<void> {
  const { rows } = await db.execute<{ keys: string | null }>(sql`select to_regclass('parley_keys.data_keys') as keys`);
  if (rows[0]?.keys !== null) return;
  throw new StoreError(
    "The database has no schema parley_keys: a backup came back without the keys. Restore their backup too " +
      "(docs/erasure.md). If they are lost, so is what they sealed: " +
      "delete from parley_migrations where name = '0012_data_keys.sql', and start again.",
    { code: "data-keys-missing", category: "configuration" },
  );
}
