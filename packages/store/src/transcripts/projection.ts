import { type Fact, parseFact, redact, transcriptOf, transcriptTypes } from "@parley/conversation";
import { sql } from "drizzle-orm";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { cleanText } from "../facts/clean.ts";
import { readFacts } from "../facts/facts.ts";
import type { CallNews, Projection, Transaction } from "../projections/projection.ts";
import { liveWords } from "./live.ts";

/** Postgres takes 1 MiB of words of one document; this stays below it in any language. */
const MAX_LENGTH = 200_000;
const PAGE = 1_000;
/** What a mouth reports while it speaks is nine facts of ten, and the last one says the same. */
const types = transcriptTypes.filter((type) => type !== "playback-progress");

interface Words {
  callId: string;
  text: string;
}

/**
 * The words of each call: of one that goes on as they come, turn by turn; of one that has ended from its whole log, read
 * once more, which is the last word.
 */
export const transcriptProjection = (keys: KeyRing): Projection => {
  const live = liveWords();
  return {
    name: "transcripts",
    types: [...types, "call-closed"],
    async apply(tx, calls) {
      const goOn = calls.filter(({ isLast, endedAt }) => !isLast && endedAt === null);
      try {
        const upTo = async (callId: string, seq: number) =>
          (await readAll(tx, keys, callId)).filter((fact) => fact.seq <= seq);
        const said = await live.follow(goOn, upTo);
        await keep(tx, said.map(wordsOf));
        await keep(tx, await ended(tx, keys, calls));
      } catch (error) {
        // What was followed and not written is read anew.
        for (const { callId } of goOn) live.forget(callId);
        throw error;
      }
      for (const { callId, endedAt } of calls) if (endedAt !== null) live.forget(callId);
    },
  };
};

async function ended(tx: Transaction, keys: KeyRing, calls: readonly CallNews[]): Promise<Words[]> {
  const all: Words[] = [];
  for (const { callId } of calls.filter(({ isLast }) => isLast)) {
    const { turns } = transcriptOf(await readAll(tx, keys, callId));
    all.push(wordsOf({ callId, said: turns.map(({ text }) => text) }));
  }
  return all;
}

function wordsOf({ callId, said }: { callId: string; said: readonly string[] }): Words {
  return { callId, text: cleanText(said.join("\n"), MAX_LENGTH) };
}

/** The calls' rows are held meanwhile: one that is being erased leaves no words behind. */
async function keep(tx: Transaction, all: readonly Words[]): Promise<void> {
  if (all.length === 0) return;
  await tx.execute(sql`
    insert into transcripts (call_id, tenant_id, words, masked)
    select c.call_id, c.tenant_id, to_tsvector('simple', r.words), to_tsvector('simple', r.masked)
    from calls c join unnest(
      ${sql.param(all.map(({ callId }) => callId))}::text[],
      ${sql.param(all.map(({ text }) => text))}::text[],
      ${sql.param(all.map(({ text }) => redact(text)))}::text[]
    ) as r(call_id, words, masked) using (call_id)
    order by c.call_id for key share of c
    on conflict (call_id) do update set
      tenant_id = excluded.tenant_id, words = excluded.words, masked = excluded.masked`);
}

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
