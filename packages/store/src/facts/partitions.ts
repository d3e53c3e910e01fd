import type { Pool } from "pg";

/** Serialises partition making over all replicas: "PART". */
const LOCK_KEY = 0x50415254;

/** First day of a moment's month (UTC), as Postgres writes a date. */
export function monthOf(moment: Date): string {
  return `${moment.toISOString().slice(0, 7)}-01`;
}

export interface Partitions {
  /** Makes the month's partition when it is not there. Safe when several replicas do it at once. */
  ensure(month: string): Promise<void>;
  isKnown(month: string): boolean;
  /** For when a partition turned out to be gone (dropped by retention). */
  forget(month: string): void;
}

export function factPartitions(pool: Pool): Partitions {
  const known = new Set<string>();
  const making = new Map<string, Promise<void>>();

  async function make(month: string): Promise<void> {
    const table = `facts_${month.slice(0, 7).replace("-", "_")}`;
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("select pg_advisory_xact_lock($1)", [LOCK_KEY]);
      const { rows } = await client.query(
        `select 1 from pg_inherits where inhparent = 'facts'::regclass and inhrelid = to_regclass($1)`,
        [table],
      );
      if (rows.length === 0) {
        // Made apart and attached: attaching lets inserts into other months go on, "partition of" would stop them.
        await client.query(`create table if not exists ${table} (like facts including all)`);
        await client.query(`alter table facts attach partition ${table} for values in ('${month}')`);
      }
      await client.query("commit");
      known.add(month);
    } catch (error) {
      await client.query("rollback").catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  return {
    ensure(month) {
      if (known.has(month)) return Promise.resolve();
      if (!/^\d{4}-\d{2}-01$/.test(month)) return Promise.reject(new RangeError(`not a month: ${month}`));
      let task = making.get(month);
      if (task === undefined) {
        task = make(month).finally(() => making.delete(month));
        making.set(month, task);
      }
      return task;
    },
    isKnown: (month) => known.has(month),
    forget(month) {
      known.delete(month);
    },
  };
}
