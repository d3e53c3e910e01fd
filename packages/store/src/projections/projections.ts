import { sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { KeyRing } from "../data-keys/data-keys.ts";
import type { StoreLog } from "../log.ts";
import { asStoreError } from "../postgres-error.ts";
import type { Projection, Transaction } from "./projection.ts";
import { type Read, readNews } from "./read-news.ts";

/** Of the advisory locks that keep one replica at a projection: "PROJ". */
const LOCK_SPACE = 0x50524f4a;
/** A call that could not be projected holds up no other one, and is tried again then. */
const RETRY_S = 60;

export interface Lag {
  projection: string;
  /** Calls whose logs have more than it knows. */
  calls: number;
  /** Since when the oldest of them waits; null: it knows everything. */
  since: Date | null;
}

export interface Projections {
  /** Brings every view a step on. Resolves to how many calls there was something new of; 0: nothing to do, or another replica does it. */
  advance(): Promise<number>;
  lag(): Promise<Lag[]>;
  /** Drops what every projection has taken from the feed, and what is left of calls that were erased. */
  sweep(): Promise<void>;
}

/** See docs/decisions/023-following-the-log.md. */
export function projectionsIn(
  db: NodePgDatabase,
  keys: KeyRing,
  all: readonly Projection[],
  log: StoreLog,
): Projections {
  async function advanceOne(projection: Projection): Promise<number> {
    await alone(projection, (tx) => follow(tx, projection.name));
    try {
      return await alone(projection, async (tx) => project(tx, projection, await readNews(tx, keys, projection)));
    } catch (error) {
      if (asStoreError(error, "").retryable) throw error;
      log.error({ projection: projection.name, error: String(error) }, "calls could not be projected together");
      return oneByOne(projection);
    }
  }

  /** After a failure: each call in a transaction of its own, so that one which fails holds up no other. */
  async function oneByOne(projection: Projection): Promise<number> {
    const due = await db.transaction((tx) => readNews(tx, keys, projection));
    for (const { news } of due) {
      const { callId } = news;
      try {
        await alone(projection, async (tx) => project(tx, projection, await readNews(tx, keys, projection, callId)));
      } catch (error) {
        if (asStoreError(error, "").retryable) throw error;
        log.error({ projection: projection.name, callId, error: String(error) }, "a call could not be projected");
        await db.execute(sql`
          update projection_calls set retry_at = now() + ${RETRY_S} * interval '1 s'
          where projection = ${projection.name} and call_id = ${callId}`);
      }
    }
    return due.length;
  }

  /** In one transaction; 0 when another replica is at it. */
  async function alone(projection: Projection, run: (tx: Transaction) => Promise<number>): Promise<number> {
    return db.transaction(async (tx) => {
      const { rows } = await tx.execute<{ mine: boolean }>(
        sql`select pg_try_advisory_xact_lock(${LOCK_SPACE}::integer, hashtext(${projection.name})) as mine`,
      );
      return rows[0]?.mine ? run(tx) : 0;
    });
  }

  return {
    async advance() {
      let moved = 0;
      for (const projection of all) moved += await advanceOne(projection);
      return moved;
    },
    async lag() {
      const { rows } = await db.execute<{ projection: string; calls: number; since: number | null }>(sql`
        select j.name as projection, count(c.call_id)::integer as calls, extract(epoch from min(c.updated_at))::double precision * 1000 as since
        from projections j
        left join lateral (
          select call_id from projection_calls where projection = j.name
          union select call_id from call_feed where written_in >= j.next_xact
        ) known on true
        left join projection_calls p on p.projection = j.name and p.call_id = known.call_id
        left join calls c on c.call_id = known.call_id
          and (p.call_id is null or p.seq < c.last_seq or p.epoch <> c.epoch)
        group by j.name order by j.name`);
      return rows.map((row) => ({ ...row, since: row.since === null ? null : new Date(row.since) }));
    },
    async sweep() {
      await db.execute(sql`delete from call_feed where written_in < (select min(next_xact) from projections)`);
      await db.execute(sql`
        delete from projection_calls p where not exists (select from calls c where c.call_id = p.call_id)`);
    },
  };
}

/** Takes what the feed has more into the calls to read. A projection that is new has every call to read. */
async function follow(tx: Transaction, name: string): Promise<number> {
  // One statement, one snapshot: whatever a transaction below its xmin wrote is seen by it.
  const { rowCount } = await tx.execute(sql`
    with horizon as (select pg_snapshot_xmin(pg_current_snapshot()) as xact),
    before as (select next_xact from projections where name = ${name}),
    fresh as (
      insert into projection_calls (projection, call_id)
      select distinct ${name}, f.call_id from call_feed f, before, horizon
      where f.written_in >= before.next_xact and f.written_in < horizon.xact
      on conflict do nothing
    )
    update projections set next_xact = horizon.xact, moved_at = now()
    from horizon where name = ${name}`);
  if ((rowCount ?? 0) > 0) return 0;
  await tx.execute(sql`
    insert into projections (name, next_xact) values (${name}, pg_snapshot_xmin(pg_current_snapshot()))`);
  await tx.execute(sql`
    insert into projection_calls (projection, call_id) select ${name}, call_id from calls on conflict do nothing`);
  return 0;
}

async function project(tx: Transaction, projection: Projection, due: readonly Read[]): Promise<number> {
  if (due.length > 0) {
    await projection.apply(
      tx,
      due.map(({ news }) => news),
    );
    await note(tx, projection.name, due);
  }
  return due.length;
}

/** What was read of each call; one that is over and read to its end is followed no longer. */
async function note(tx: Transaction, name: string, due: readonly Read[]): Promise<void> {
  const going = due.filter(({ news }) => !news.isLast);
  const over = due.filter(({ news }) => news.isLast).map(({ news }) => news.callId);
  await tx.execute(sql`
    update projection_calls p set epoch = r.epoch, seq = r.seq, retry_at = null
    from unnest(
      ${sql.param(going.map(({ news }) => news.callId))}::text[],
      ${sql.param(going.map(({ epoch }) => epoch))}::integer[],
      ${sql.param(going.map(({ seq }) => seq))}::integer[]
    ) as r(call_id, epoch, seq)
    where p.projection = ${name} and p.call_id = r.call_id`);
  await tx.execute(sql`
    delete from projection_calls where projection = ${name} and call_id = any(${sql.param(over)}::text[])`);
}
