import { createHmac, hkdfSync, randomBytes, randomUUID } from "node:crypto";
import { type Box, boxOf } from "@parley/engine/sealing";
import { and, eq, isNull, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { cacheOf } from "./cache.ts";
import { type callPeople, dataKeys } from "./schema.ts";
import type { Wrapping } from "./wrapped.ts";

/** About 10 MB. */
const MOST_CACHED = 20_000;
/** A key that another replica has destroyed is forgotten here by then. */
const CACHED_MS = 60_000;
const UNUSED_S = 24 * 3_600;
const SWEEP = 500;

type Reads = Pick<NodePgDatabase, "execute">;
type Role = (typeof callPeople.$inferSelect)["role"];

/** Whose data it is: a person as the tenant names them, by an id or a number. */
export interface Person {
  tenantId: string | null;
  name: string;
}

/** Keys that what is kept of people is sealed with. A call's is made of its person's: it is gone with either. */
export interface KeyRing {
  /** Those of these calls that have one. Throws StoreError `data-key-unreadable`. */
  of(db: Reads, callIds: readonly string[]): Promise<ReadonlyMap<string, Box>>;
  /** The call's own, made when it has none. Null: it was erased, or nothing is to be sealed. */
  forCall(call: { callId: string; tenantId: string | null; person: string | null }): Promise<Box | null>;
  /** The person's own, made when they have none; it stays while the transaction lasts. Null: nothing is to be sealed. */
  forPerson(tx: Reads, person: Person): Promise<{ keyId: string; box: Box } | null>;
  byId(db: Reads, keyId: string): Promise<Box | null>;
  /** What a person is looked up by. */
  hmac(name: string): Buffer;
  /** Notes who is in a call. */
  notePeople(db: Reads, callId: string, people: readonly { name: string; role: Role }[]): Promise<void>;
  /** Destroys a call's key, and a person's that only this call had; how many. */
  destroyOfCall(tx: Reads, callId: string): Promise<number>;
  /** Destroys a person's key. False: calls still have it. */
  destroyOfPerson(person: Person): Promise<{ keys: number } | false>;
  /** Destroys what nothing is sealed with any more, and seals keys again that are not sealed with the first secret key. */
  sweep(): Promise<void>;
}

export function keyRing(
  db: NodePgDatabase,
  { wraps, names, isSealing }: { wraps: Wrapping; names: Buffer; isSealing: boolean },
): KeyRing {
  /** Null: the call began without a key, and stays without. */
  const cached = cacheOf<Box | null>({ size: MOST_CACHED, keepMs: CACHED_MS });
  const hmac = (name: string) => createHmac("sha256", names).update(name).digest();

  async function personKey(tx: Reads, { tenantId, name }: Person): Promise<{ keyId: string; key: Buffer }> {
    // Twice when it is destroyed at this moment.
    for (;;) {
      const fresh = wraps.wrap(`key_${randomUUID()}`);
      await tx.execute(sql`
        insert into parley_keys.data_keys (key_id, tenant_id, person_hmac, key, sealed_with)
        values (${fresh.keyId}, ${tenantId}, ${hmac(name)}, ${fresh.key}, ${fresh.sealedWith})
        on conflict (tenant_id, person_hmac) where person_hmac is not null do nothing`);
      const { rows } = await tx.execute<KeyColumns>(sql`
        select key_id, key, sealed_with from parley_keys.data_keys
        where person_hmac = ${hmac(name)} and tenant_id is not distinct from ${tenantId} for key share`);
      if (rows[0] !== undefined) return { keyId: rows[0].key_id, key: unwrap(rows[0]) };
    }
  }

  interface KeyColumns extends Record<string, unknown> {
    key_id: string;
    key: Buffer;
    sealed_with: string | null;
  }
  const unwrap = ({ key_id: keyId, key, sealed_with: sealedWith }: KeyColumns) =>
    wraps.unwrap({ keyId, key, sealedWith });

  const ring: KeyRing = {
    hmac,
    async of(reads, callIds) {
      const found = new Map<string, Box>();
      const unknown: string[] = [];
      for (const callId of new Set(callIds)) {
        const box = cached.get(callId);
        if (box === undefined) unknown.push(callId);
        else if (box !== null) found.set(callId, box);
      }
      if (unknown.length === 0) return found;
      const { rows } = await reads.execute<
        KeyColumns & { call_id: string; salt: Buffer | null; last_seq: number | null }
      >(
        sql`select g.call_id, k.salt, d.key_id, d.key, d.sealed_with, c.last_seq
          from unnest(${sql.param(unknown)}::text[]) as g(call_id)
          left join parley_keys.call_keys k on k.call_id = g.call_id
          left join parley_keys.data_keys d on d.key_id = k.key_id
          left join calls c on c.call_id = g.call_id`,
      );
      for (const row of rows) {
        if (row.salt !== null) {
          const box = boxOf(ofCall(unwrap(row), row.salt));
          cached.set(row.call_id, box);
          found.set(row.call_id, box);
          // Only of one that has begun is it known that it gets none.
        } else if ((row.last_seq ?? 0) > 0) cached.set(row.call_id, null);
      }
      return found;
    },
    async forCall({ callId, tenantId, person }) {
      const there = (await ring.of(db, [callId])).get(callId);
      if (there !== undefined || !isSealing) return there ?? null;
      await db.transaction(async (tx) => {
        const key = person === null ? wraps.wrap(`key_${randomUUID()}`) : null;
        if (key !== null) await tx.insert(dataKeys).values({ ...key, tenantId });
        const { keyId } = key ?? (await personKey(tx, { tenantId, name: person ?? "" }));
        const { rowCount } = await tx.execute(sql`
          insert into parley_keys.call_keys (call_id, key_id, salt)
          select ${callId}, ${keyId}, ${randomBytes(32)}
          where not exists (select from parley_keys.tombstones where call_id = ${callId})
          on conflict do nothing`);
        // Another replica has made one, or the call was erased.
        if (rowCount === 0 && key !== null) await tx.delete(dataKeys).where(eq(dataKeys.keyId, keyId));
      });
      cached.delete(callId);
      return (await ring.of(db, [callId])).get(callId) ?? null;
    },
    async forPerson(tx, person) {
      if (!isSealing) return null;
      const { keyId, key } = await personKey(tx, person);
      return { keyId, box: boxOf(key) };
    },
    async byId(reads, keyId) {
      const { rows } = await reads.execute<KeyColumns>(
        sql`select key_id, key, sealed_with from parley_keys.data_keys where key_id = ${keyId}`,
      );
      return rows[0] === undefined ? null : boxOf(unwrap(rows[0]));
    },
    async notePeople(tx, callId, people) {
      if (people.length === 0) return;
      await tx.execute(sql`
        insert into parley_keys.call_people (call_id, person_hmac, role)
        select distinct ${callId}, p.person_hmac, p.role from unnest(
          ${sql.param(people.map(({ name }) => hmac(name)))}::bytea[],
          ${sql.param(people.map(({ role }) => role))}::text[]
        ) as p(person_hmac, role)
        on conflict do nothing`);
    },
    async destroyOfCall(tx, callId) {
      cached.delete(callId);
      const { rows } = await tx.execute<{ keys: number }>(sql`
        with gone as (delete from parley_keys.call_keys where call_id = ${callId} returning key_id),
        people as (delete from parley_keys.call_people where call_id = ${callId}),
        alone as (
          delete from parley_keys.data_keys d using gone
          where d.key_id = gone.key_id and d.person_hmac is null returning d.key_id
        )
        select (select count(*) from gone)::integer + (select count(*) from alone)::integer as keys`);
      return rows[0]?.keys ?? 0;
    },
    destroyOfPerson: ({ tenantId, name }) =>
      db.transaction(async (tx) => {
        const isTheirs = and(
          eq(dataKeys.personHmac, hmac(name)),
          tenantId === null ? isNull(dataKeys.tenantId) : eq(dataKeys.tenantId, tenantId),
        );
        // Whoever is about to use it has done so, or waits until it is gone.
        const [held] = await tx.select({ keyId: dataKeys.keyId }).from(dataKeys).where(isTheirs).for("update");
        if (held === undefined) return { keys: 0 };
        const gone = await tx
          .delete(dataKeys)
          .where(and(isTheirs, sql`not exists (select from parley_keys.call_keys k where k.key_id = ${held.keyId})`))
          .returning({ keyId: dataKeys.keyId });
        if (gone.length === 0) return false;
        await tx.execute(sql`insert into parley_keys.destroyed_keys (key_id) values (${held.keyId})`);
        return { keys: 1 };
      }),
    async sweep() {
      await db.execute(sql`
        with gone as (
          delete from parley_keys.call_keys k using parley_keys.tombstones t where t.call_id = k.call_id
        )
        delete from parley_keys.call_people p using parley_keys.tombstones t where t.call_id = p.call_id`);
      const { rows: unused } = await db.execute<{ tenant_id: string | null; key_id: string }>(sql`
        select d.key_id from parley_keys.data_keys d
        where d.key_id <> ${NAMES} and d.created_at < now() - ${UNUSED_S} * interval '1 s'
          and not exists (select from parley_keys.call_keys k where k.key_id = d.key_id)
          and not exists (select from user_contexts u where u.key_id = d.key_id)
        limit ${SWEEP}`);
      for (const { key_id: keyId } of unused) await destroyUnused(keyId);
      await sealAgain();
    },
  };

  async function destroyUnused(keyId: string): Promise<void> {
    await db.transaction(async (tx) => {
      await tx.select({ keyId: dataKeys.keyId }).from(dataKeys).where(eq(dataKeys.keyId, keyId)).for("update");
      await tx.execute(sql`
        delete from parley_keys.data_keys d where d.key_id = ${keyId}
          and not exists (select from parley_keys.call_keys k where k.key_id = d.key_id)
          and not exists (select from user_contexts u where u.key_id = d.key_id)`);
    });
  }

  async function sealAgain(): Promise<void> {
    if (wraps.current === null) return;
    for (;;) {
      const { rows } = await db.execute<KeyColumns>(sql`
        select key_id, key, sealed_with from parley_keys.data_keys
        where sealed_with is distinct from ${wraps.current} limit ${SWEEP}`);
      for (const row of rows) {
        const again = wraps.wrap(row.key_id, unwrap(row));
        await db
          .update(dataKeys)
          .set({ key: again.key, sealedWith: again.sealedWith })
          .where(eq(dataKeys.keyId, row.key_id));
      }
      if (rows.length < SWEEP) return;
    }
  }
  return ring;
}

/** The row of the key that people are looked up by. */
export const NAMES = "names";

function ofCall(personKey: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", personKey, salt, "parley call key", 32));
}
