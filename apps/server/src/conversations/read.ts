import { type Fact, parseFact, redact, redactDeep, transcriptOf, transcriptTypes, usageOf } from "@parley/conversation";
import type { CallRow, Store } from "@parley/store";
import type { z } from "zod";
import { iso, isoOrNull } from "../http/page.ts";
import { tenantSettings } from "../tenants/schema.ts";
import type { conversation, ShownTranscript } from "./schema.ts";

const PAGE = 1_000;
/** Of one call: about ten hours of talk. */
const MOST_FACTS = 50_000;
const types = [...transcriptTypes, "usage-reported"];

/** Who said what in a call, as its tenant wants it shown. */
export async function readTranscript(store: Pick<Store, "facts" | "tenants">, row: CallRow): Promise<ShownTranscript> {
  const [{ facts, truncated }, redacted] = await Promise.all([readAll(store, row.callId), wantsRedaction(store, row)]);
  const { turns, tools } = transcriptOf(facts);
  return {
    conversation: shown(row),
    turns: redacted ? turns.map((turn) => ({ ...turn, text: redact(turn.text) })) : turns,
    tools: redacted
      ? tools.map((tool) => ({ ...tool, args: redactDeep(tool.args), result: redactDeep(tool.result) }))
      : tools,
    usage: usageOf(facts),
    redacted,
    truncated,
  };
}

async function readAll({ facts: store }: Pick<Store, "facts">, callId: string) {
  const facts: Fact[] = [];
  let afterSeq: number | null = 0;
  while (afterSeq !== null && facts.length < MOST_FACTS) {
    const page = await store.read(callId, { afterSeq, limit: PAGE, types });
    for (const fact of page.facts) {
      const read = parseFact(fact);
      if (read.ok) facts.push(read.fact);
    }
    afterSeq = page.nextAfterSeq;
  }
  return { facts, truncated: afterSeq !== null };
}

async function wantsRedaction({ tenants }: Pick<Store, "tenants">, { tenantId }: CallRow): Promise<boolean> {
  const tenant = tenantId === null ? null : await tenants.get(tenantId);
  return tenant !== null && tenantSettings.parse(tenant.settings).redactTranscripts;
}

export function shown(row: CallRow): z.infer<typeof conversation> {
  const { callId, status, agent, tenantId, from, to, language, startedAt, endedAt, endReason } = row;
  const durationMs = endedAt === null ? null : Math.max(0, endedAt.getTime() - startedAt.getTime());
  const times = { startedAt: iso(startedAt), endedAt: isoOrNull(endedAt), durationMs };
  return { callId, status, agent, tenantId, from, to, language, ...times, endReason };
}
