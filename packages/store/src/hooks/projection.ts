import {
  endedInFailure,
  type Fact,
  parseFact,
  redact,
  transcriptOf,
  transcriptTypes,
  usageOf,
  userIdOf,
} from "@parley/conversation";
import { sql } from "drizzle-orm";
import type { KeyRing } from "../data-keys/data-keys.ts";
import { readFacts } from "../facts/facts.ts";
import type { CallNews, Projection, Transaction } from "../projections/projection.ts";
import { emitEvents } from "../webhooks/events.ts";
import { MAX_HOOK_BODY } from "./hooks.ts";

const PAGE = 1_000;
/** Of one call: about ten hours of talk. What comes behind is in no summary. */
const MOST_FACTS = 50_000;
const types = [...transcriptTypes.filter((type) => type !== "playback-progress"), "usage-reported"];

/** A call that has ended is told to its tenant's hook, as far as it wants to know: the outbox follows the log. */
export const hookProjection = (keys: KeyRing): Projection => ({
  name: "hooks",
  types: ["call-closed"],
  async apply(tx, calls) {
    for (const news of calls.filter(({ facts }) => facts.length > 0)) {
      // The call's row is held: one that is erased at this moment is not told of.
      const { rows } = await tx.execute<{ redacts: boolean }>(sql`
        select coalesce((t.settings ->> 'redactTranscripts')::boolean, false) as redacts
        from calls c
        join webhooks w on w.kind = 'hook' and w.tenant_id is not distinct from c.tenant_id
        left join tenants t on t.tenant_id = c.tenant_id
        where c.call_id = ${news.callId} and 'hook.end' = any(w.events)
        for key share of c`);
      if (rows[0] !== undefined) await tell(tx, keys, news, rows[0].redacts);
    }
  },
});

async function tell(tx: Transaction, keys: KeyRing, news: CallNews, redacts: boolean): Promise<void> {
  const { callId, tenantId } = news;
  const facts = await readAll(tx, keys, callId);
  for (const closed of news.facts) {
    const at = timeOf(news, closed.at);
    const summary = summaryOf(news, facts, typeof closed.reason === "string" ? closed.reason.slice(0, 256) : "", at);
    const transcript = transcriptOf(facts).turns.map((turn) => (redacts ? { ...turn, text: redact(turn.text) } : turn));
    const whole = JSON.stringify({ ...summary, transcript });
    const body = Buffer.byteLength(whole) > MAX_HOOK_BODY ? JSON.stringify({ ...summary, transcript: null }) : whole;
    // A call that went on after its end ends once more: that is another event.
    const what = `hook.end ${callId} ${closed.epoch} ${closed.seq}`;
    await emitEvents(tx, keys, [{ what, type: "hook.end", tenantId, callId, at, data: {}, body }]);
  }
}

function summaryOf(news: CallNews, facts: readonly Fact[], endReason: string, endedAt: Date) {
  const { callId, tenantId, agent, room, from, to, language, startedAt } = news;
  const started = facts.find((fact) => fact.type === "call-started");
  const { context: _known, ...metadata } = started?.metadata ?? {};
  return {
    type: "call.ended",
    timestamp: endedAt.toISOString(),
    ...{ callId, tenantId, agent, agentId: started?.agentId ?? null, room, from, to, language },
    userId: userIdOf({ metadata, from }),
    metadata,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt.toISOString(),
    durationMs: Math.max(0, endedAt.getTime() - startedAt.getTime()),
    endReason,
    outcome: endReason.startsWith("refused:") ? "refused" : endedInFailure(endReason) ? "failed" : "served",
    usage: usageOf(facts),
  };
}

function timeOf({ startedAt, updatedAt }: CallNews, atMs: number): Date {
  const time = new Date(startedAt.getTime() + atMs);
  return Number.isNaN(time.getTime()) ? updatedAt : time;
}

async function readAll(tx: Transaction, keys: KeyRing, callId: string): Promise<Fact[]> {
  const facts: Fact[] = [];
  let afterSeq: number | null = 0;
  while (afterSeq !== null && facts.length < MOST_FACTS) {
    const page = await readFacts(tx, keys, callId, { afterSeq, limit: PAGE, types });
    for (const fact of page.facts) {
      const read = parseFact(fact);
      if (read.ok) facts.push(read.fact);
    }
    afterSeq = page.nextAfterSeq;
  }
  return facts;
}
