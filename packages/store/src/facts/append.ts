import type { Box } from "@parley/engine/sealing";
import { eq, type SQL, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { Pool } from "pg";
import { callChanges, callOpening } from "../calls/projection.ts";
import { sealCaller } from "../calls/sealed.ts";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { asStoreError, codeOf } from "../postgres-error.ts";
import { calls } from "../schema.ts";
import { appendNext, nextFacts } from "./append-next.ts";
import { atMost } from "./at-most.ts";
import { type Batch, checkCall, checkEnvelope, type StoredFact } from "./fact.ts";
import { gather } from "./gather.ts";
import { monthOf, type Partitions } from "./partitions.ts";
import { peopleIn, personOf } from "./people.ts";
import { factArrays } from "./row.ts";

/** "No partition of relation found for row". */
const NO_PARTITION = "23514";

export type AppendResult =
  /** Everything up to `ackedSeq` is stored; `stored` of it is new. */
  | { status: "stored"; ackedSeq: number; stored: number }
  /** The batch begins behind a gap: nothing of it was stored. Send again from `ackedSeq + 1`. */
  | { status: "gap"; ackedSeq: number }
  /** A takeover has raised the epoch: this writer has lost the call. Nothing was stored. */
  | { status: "stale-epoch"; currentEpoch: number };

/** Stores a batch, all of it or nothing. */
export type Append = (batch: Batch) => Promise<AppendResult>;

/** Batches that begin, end or take over a call are stored one by one: so many at a time. */
const MAX_ALONE = 4;

/**
 * Calls that just go on are stored in groups, one statement for all; every other batch in a transaction of its own. A
 * call's row is its lock, so batches of one call never run beside each other.
 */
export function appending(pool: Pool, db: NodePgDatabase, partitions: Partitions, keys: KeyRing): Append {
  const inGroup = gather((group) => appendNext(pool, group));
  const oneByOne = atMost(MAX_ALONE);

  async function goesOn(batch: Batch, box: Box | null): Promise<boolean> {
    const next = nextFacts(batch, box);
    if (next === null) return false;
    try {
      return await inGroup(next);
    } catch (error) {
      // What one of a group did wrong is nobody else's fault: each is tried alone.
      if (asStoreError(error, "").retryable) throw error;
      return false;
    }
  }

  return async ({ callId, epoch, facts: given }) => {
    checkCall(callId, epoch);
    for (const fact of given) checkEnvelope(fact, callId, epoch);
    const facts = contiguousPrefix(given);
    const batch = { callId, epoch, facts };
    const box = (await keys.of(db, [callId])).get(callId) ?? null;
    if (await goesOn(batch, box)) return { status: "stored", ackedSeq: facts.at(-1)!.seq, stored: facts.length };
    return oneByOne(async () => appendAlone(db, partitions, keys, batch, box ?? (await keyOfNew(keys, batch))));
  };
}

/** A call that has begun without a key stays without. */
async function keyOfNew(keys: KeyRing, { callId, facts }: Batch): Promise<Box | null> {
  const [first] = facts;
  if (first?.seq !== 1) return null;
  const { tenantId } = callChanges([first], new Date(0));
  return keys.forCall({ callId, tenantId: tenantId ?? null, person: personOf(peopleIn([first])) });
}

async function appendAlone(
  db: NodePgDatabase,
  partitions: Partitions,
  keys: KeyRing,
  batch: Batch,
  box: Box | null,
): Promise<AppendResult> {
  // Twice at most: the partition can be missing when the call began in a month this process has not met, or be dropped;
  // the row goes while the call is erased.
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptAppend(db, partitions, keys, batch, box);
    if ("status" in outcome) return outcome;
    if (attempt > 2) throw new Error(`${outcome.vanished} of call ${batch.callId} keeps vanishing`);
    if (outcome.month !== null) await partitions.ensure(outcome.month);
  }
}

async function attemptAppend(
  db: NodePgDatabase,
  partitions: Partitions,
  keys: KeyRing,
  { callId, epoch, facts }: Batch,
  box: Box | null,
): Promise<AppendResult | { vanished: "the partition" | "the row"; month: string | null }> {
  let month = "";
  try {
    return await db.transaction(async (tx) => {
      const opening = callOpening(facts[0]);
      await tx
        .insert(calls)
        .values({ callId, epoch, callMonth: monthOf(opening.startedAt), startedAt: opening.startedAt })
        .onConflictDoNothing();
      const [call] = await tx.select().from(calls).where(eq(calls.callId, callId)).for("update");
      if (call === undefined) return { vanished: "the row", month: null } as const;
      // Of a call that was erased nothing is kept, nor asked for again.
      if (call.lastSeq === 0 && (await isErased(tx, callId))) {
        await tx.delete(calls).where(eq(calls.callId, callId));
        return { status: "stored", ackedSeq: facts.at(-1)?.seq ?? 0, stored: 0 } as const;
      }
      const currentEpoch = Math.max(call.epoch, call.fence);
      if (epoch < currentEpoch) return { status: "stale-epoch", currentEpoch } as const;

      // The owner of a newer epoch may go on from a shorter copy of the log: then its facts count from there.
      const first = facts[0]?.seq;
      const takesOver = epoch > call.epoch;
      const lastSeq = takesOver && first !== undefined ? Math.min(call.lastSeq, first - 1) : call.lastSeq;
      if (first === undefined) return { status: "stored", ackedSeq: lastSeq, stored: 0 } as const;
      if (first > lastSeq + 1) {
        // Nothing of it is kept: a call whose first batch never comes must not stand in the list.
        if (call.lastSeq === 0) await tx.delete(calls).where(eq(calls.callId, callId));
        return { status: "gap", ackedSeq: lastSeq } as const;
      }

      const fresh = facts.filter((fact) => fact.seq > lastSeq);
      if (fresh.length === 0) return { status: "stored", ackedSeq: lastSeq, stored: 0 } as const;
      month = call.callMonth;
      if (!partitions.isKnown(month)) throw new MissingPartition(month);
      await tx.execute(insertFacts(month, callId, epoch, fresh, box));
      if (box !== null) await keys.notePeople(tx, callId, peopleIn(fresh));
      const ackedSeq = fresh.at(-1)?.seq ?? lastSeq;
      await tx
        .update(calls)
        .set({
          ...sealCaller(box, callId, callChanges(fresh, call.startedAt)),
          epoch,
          lastSeq: ackedSeq,
          factCount: call.factCount + fresh.length,
          updatedAt: new Date(),
        })
        .where(eq(calls.callId, callId));
      return { status: "stored", ackedSeq, stored: fresh.length } as const;
    });
  } catch (error) {
    if (error instanceof MissingPartition) return { vanished: "the partition", month: error.month };
    if (month !== "" && codeOf(error) === NO_PARTITION) {
      partitions.forget(month);
      return { vanished: "the partition", month };
    }
    throw error;
  }
}

/** From now on nothing of older epochs is taken: the call is given to an owner that has not written yet. */
export async function fence(db: NodePgDatabase, callId: string, epoch: number): Promise<void> {
  checkCall(callId, epoch);
  await db
    .update(calls)
    .set({ fence: sql`greatest(${calls.fence}, ${epoch}::integer)` })
    .where(eq(calls.callId, callId));
}

async function isErased(db: Pick<NodePgDatabase, "execute">, callId: string): Promise<boolean> {
  const { rowCount } = await db.execute(sql`select 1 from parley_keys.tombstones where call_id = ${callId}`);
  return (rowCount ?? 0) > 0;
}

function insertFacts(month: string, callId: string, epoch: number, facts: readonly StoredFact[], box: Box | null): SQL {
  return sql`
    insert into facts (call_month, call_id, epoch, seq, type, at_ms, body)
    select ${month}::date, ${callId}, ${epoch}::integer, f.seq, f.type, f.at_ms, f.body::jsonb
    from ${factArrays(facts, box)}
    on conflict do nothing`;
}

/** The facts up to the first hole in their own order; what lies behind it is sent again. */
function contiguousPrefix(facts: readonly StoredFact[]): readonly StoredFact[] {
  const hole = facts.findIndex((fact, index) => index > 0 && fact.seq !== (facts[index - 1]?.seq ?? 0) + 1);
  return hole === -1 ? facts : facts.slice(0, hole);
}

class MissingPartition extends Error {
  readonly month: string;
  constructor(month: string) {
    super(`no partition for ${month}`);
    this.month = month;
  }
}
