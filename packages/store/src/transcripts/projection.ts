import { type Fact, parseFact, redact, transcriptOf, transcriptTypes } from "@parley/conversation";
import { sql } from "drizzle-orm";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { cleanText } from "../facts/clean.ts";
import { readFacts } from "../facts/facts.ts";
import type { Projection, Transaction } from "../projections/projection.ts";

/** Postgres takes 1 MiB of words of one document; this stays below it in any language. */
const MAX_LENGTH = 200_000;
const PAGE = 1_000;
/** What a mouth reports while it speaks is nine facts of ten, and the last one says the same. */
const types = transcriptTypes.filter((type) => type !== "playback-progress");

/** The words of each call that has ended. What was heard is known only from its whole log, so that is read once. */
export const transcriptProjection = (keys: KeyRing): Projection => ({
  name: "transcripts",
  types: ["call-closed"],
  async apply(tx, calls) {
    for (const { callId, tenantId } of calls.filter(({ isLast }) => isLast)) {
      const { turns } = transcriptOf(await readAll(tx, keys, callId));
      const text = cleanText(turns.map((turn) => turn.text).join("\n"), MAX_LENGTH);
      // The call's row is held meanwhile: one that is being erased leaves no words behind.
      await tx.execute(sql`
        insert into transcripts (call_id, tenant_id, words, masked)
        select c.call_id, ${tenantId}, to_tsvector('simple', ${text}), to_tsvector('simple', ${redact(text)})
        from calls c where c.call_id = ${callId} for key share
        on conflict (call_id) do update set
          tenant_id = excluded.tenant_id, words = excluded.words, masked = excluded.masked`);
    }
  },
});

async function readAll(tx: Transaction, keys: KeyRing, callId: string): Promise<Fact[]> {
  const facts: Fact[] = [];
  let afterSeq: number | null = 0;
  while (afterSeq !== null) {
    const page = await readFacts(tx, keys, callId, { afterSeq, limit: PAGE, types });
    for (const fact of page.facts) {
      const read = parseFact(fact);
      if (read.ok) facts.push(read.fact);
    }
    afterSeq = page.nextAfterSeq;
  }
  return facts;
}
