import { mergePatch, parseFact, userIdOf } from "@parley/conversation";
import { sql } from "drizzle-orm";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { readFacts } from "../facts/facts.ts";
import type { StoreLog } from "../log.ts";
import type { CallNews, Projection, Transaction } from "../projections/projection.ts";
import { contextRows } from "./contexts.ts";

/** What an agent has learnt of its caller, written once and in order, though the log be read again from its beginning. */
export const contextProjection = (keys: KeyRing, log: StoreLog): Projection => ({
  name: "contexts",
  types: ["context-updated"],
  async apply(tx, calls) {
    for (const news of calls) if (news.facts.length > 0) await applyOne(tx, keys, news, log);
  },
});

async function applyOne(
  tx: Transaction,
  keys: KeyRing,
  { callId, tenantId, from, facts }: CallNews,
  log: StoreLog,
): Promise<void> {
  // Held meanwhile: whoever erases the call forgets the person afterwards.
  const here = await tx.execute(sql`select 1 from calls where call_id = ${callId} for key share`);
  if (here.rows.length === 0) return;
  const { rows } = await tx.execute<{ epoch: number; seq: number }>(
    sql`select epoch, seq from context_writes where call_id = ${callId}`,
  );
  // Of a log, epochs only rise: what stands behind the last one that was written is new, and nothing else is.
  const { epoch: lastEpoch, seq: lastSeq } = rows[0] ?? { epoch: 0, seq: 0 };
  const fresh = facts.filter(({ epoch, seq }) => epoch > lastEpoch || (epoch === lastEpoch && seq > lastSeq));
  const last = fresh.at(-1);
  const userId = last === undefined ? null : await userOf(tx, keys, callId, from);
  if (last === undefined || userId === null) return;
  const contexts = contextRows(keys);
  for (const { fact } of fresh.map(parseFact).filter((read) => read.ok)) {
    if (fact.type !== "context-updated") continue;
    const { patch, replaces } = fact;
    const change = (before: Record<string, unknown>) => mergePatch(replaces ? {} : before, patch);
    const { outcome } = await contexts.write(tx, { tenantId, userId }, undefined, change, { mayMake: true });
    if (outcome !== "written") log.warn({ callId, outcome }, "what a call has learnt of its caller is not kept");
  }
  await tx.execute(sql`
    insert into context_writes (call_id, epoch, seq) values (${callId}, ${last.epoch}, ${last.seq})
    on conflict (call_id) do update set epoch = excluded.epoch, seq = excluded.seq`);
}

async function userOf(tx: Transaction, keys: KeyRing, callId: string, from: string | null): Promise<string | null> {
  const { facts } = await readFacts(tx, keys, callId, { types: ["call-started"], limit: 1 });
  const metadata = facts[0]?.metadata;
  const isObject = typeof metadata === "object" && metadata !== null;
  return userIdOf({ metadata: isObject ? (metadata as Record<string, unknown>) : {}, from });
}
