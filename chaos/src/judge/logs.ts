import type { StoredFact } from "@parley/store";
import type { CallFile } from "../snapshots.ts";
import type { Span, Utterance } from "./timeline.ts";

/** One call's log, as its files had it and as the server has it. */
export interface LogVerdict {
  facts: number;
  /** In the files of whoever owned the call then, not in the store; or missing in the store's numbers. */
  lost: number;
  /** One seq twice, one turn or reply ended or made twice. */
  doubled: number;
  /** Logged before the fault by a process that died with its machine, and taken over before they were shipped. */
  cut: number;
  /** Written by a process that did not own the call any more; refused. */
  stale: number;
  /** Committed turns that never ended. */
  openTurns: number;
  /** Why the call ended, by its last fact; null: the log has no end. */
  ended: string | null;
  recoveries: number;
}

const seqs = (facts: readonly StoredFact[]) => new Map(facts.map((fact) => [fact.seq, fact]));

/** Where the epochs after this file's begin. */
function takenOverAt(files: readonly CallFile[], index: number): number {
  return Math.min(...files.slice(index + 1).flatMap(({ facts }) => facts.map(({ seq }) => seq)));
}

/** The call's log as its owners wrote it: each epoch's facts up to where the next one begins. */
export function written(files: readonly CallFile[]): StoredFact[] {
  const facts = files.flatMap((file, index) => {
    const until = takenOverAt(files, index);
    return file.facts.filter(({ seq }) => seq < until);
  });
  return facts.sort((a, b) => a.seq - b.seq);
}

export function judgeLog(files: readonly CallFile[], stored: readonly StoredFact[], faultAt: number): LogVerdict {
  const inStore = seqs(stored);
  const owned = seqs(written(files));
  const lost = [...owned.values()].filter(({ seq, epoch }) => inStore.get(seq)?.epoch !== epoch).length;
  const last = stored.at(-1)?.seq ?? 0;
  const missing = last - new Set(stored.filter(({ seq }) => seq >= 1).map(({ seq }) => seq)).size;

  let [cut, stale] = [0, 0];
  files.forEach(({ facts }, index) => {
    const until = takenOverAt(files, index);
    const wall = wallClock(
      facts,
      files.slice(0, index).flatMap((file) => file.facts),
    );
    for (const fact of facts) {
      if (fact.seq < until) continue;
      if (wall(fact) <= faultAt) cut++;
      else stale++;
    }
  });
  const open = new Set<unknown>();
  for (const fact of stored) {
    if (fact.type === "turn-committed") open.add(fact.turnId);
    if (TURN_ENDS.has(fact.type)) open.delete(fact.turnId);
  }
  const end = stored.at(-1);
  return {
    facts: stored.length,
    lost: Math.max(lost, missing),
    doubled: doubles(stored),
    cut,
    stale,
    openTurns: open.size,
    ended: end?.type === "call-closed" ? String(end.reason) : null,
    recoveries: stored.filter(({ type }) => type === "call-recovered").length,
  };
}

const TURN_ENDS = new Set(["turn-replied", "turn-skipped", "turn-failed"]);

/** What may be said once: by the kind of fact, the field that names it. */
const ONCE: Record<string, string> = {
  "turn-opened": "turnId",
  "turn-committed": "turnId",
  "reply-requested": "replyId",
  "reply-finished": "replyId",
  "tool-started": "idempotencyKey",
};

function doubles(facts: readonly StoredFact[]): number {
  const seen = new Set<string>();
  let doubled = 0;
  for (const fact of facts) {
    const keys = [`seq ${fact.seq}`];
    const field = ONCE[fact.type];
    if (field !== undefined) keys.push(`${fact.type} ${String(fact[field])}`);
    if (TURN_ENDS.has(fact.type)) keys.push(`turn-ended ${String(fact.turnId)}`);
    for (const key of keys) {
      if (seen.has(key)) doubled++;
      seen.add(key);
    }
  }
  return doubled;
}

/** Wall clock of a fact's `at`, by the anchor of its epoch (or the first before it that has one). */
function wallClock(facts: readonly StoredFact[], before: readonly StoredFact[]): (fact: { at: number }) => number {
  const isAnchor = ({ type }: StoredFact) => type === "call-recovered" || type === "call-started";
  const anchor = facts.find(isAnchor) ?? before.findLast(isAnchor);
  const offset = anchor ? Number(anchor.wallMs) - anchor.at : 0;
  return ({ at }) => offset + at;
}

/** When the agent heard the caller speak, by the log: one span a turn, wall clock. */
export function turnSpans(facts: readonly StoredFact[]): Span[] {
  const spans: Span[] = [];
  const open = new Map<unknown, number>();
  let offset = 0;
  for (const fact of facts) {
    if (fact.type === "call-started" || fact.type === "call-recovered") offset = Number(fact.wallMs) - fact.at;
    if (fact.type === "turn-opened") open.set(fact.turnId, offset + Number(fact.startMs));
    if (fact.type === "turn-committed") {
      const to = offset + Number(fact.endMs);
      spans.push({ from: open.get(fact.turnId) ?? to, to });
      open.delete(fact.turnId);
    }
  }
  for (const from of open.values()) spans.push({ from, to: from + 60_000 });
  return spans;
}

/** The VAD's own delay, the network's, and the jitter of two clocks. */
const TOLERANCE_MS = 800;

/** What was said outside all `gaps`, and never became a turn. */
export function utterancesLost(said: readonly Utterance[], turns: readonly Span[], gaps: readonly Span[]): Utterance[] {
  return said.filter(({ from, to }) => {
    if (gaps.some((gap) => to > gap.from && from < gap.to)) return false;
    return !turns.some((turn) => turn.from < to + TOLERANCE_MS && turn.to > from - TOLERANCE_MS);
  });
}
