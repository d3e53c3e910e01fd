import { emptyHistory, evolveHistory, type Fact, type HistoryState, parseFact, saidSoFar } from "@parley/conversation";
import type { StoredFact } from "../facts/fact.ts";
import type { CallNews } from "../projections/projection.ts";

/** Live calls that are remembered; others are found once they have ended. A call's history is some 30 KB. */
const MOST_CALLS = 2_000;
/** Calls whose logs are read from the beginning in one go, after a restart or another replica's turn; the rest comes with their next words. */
const MOST_READ = 20;

/** Something was said to its end, or what was said is told otherwise. */
const saying: ReadonlySet<string> = new Set([
  "turn-committed",
  "turn-reviewed",
  "turn-skipped",
  "reply-finished",
  "reply-stopped",
]);

/** Of a call that is silent for so long, or that another replica follows by now, nothing is kept. */
const IDLE_MS = 10 * 60_000;

interface Known {
  atMs: number;
  history: HistoryState;
  epoch: number;
  seq: number;
}

/** What was said in calls that go on, kept as it grows: a whole log is read only where that is not known. */
export interface LiveWords {
  /** The words of those of the calls in which something more was said. */
  follow(
    calls: readonly CallNews[],
    readAll: (callId: string, upToSeq: number) => Promise<Fact[]>,
  ): Promise<{ callId: string; said: string[] }[]>;
  /** It has ended, or what is known of it may be wrong. */
  forget(callId: string): void;
}

export function liveWords({ mostCalls = MOST_CALLS, mostRead = MOST_READ, now = Date.now } = {}): LiveWords {
  /** The one that was followed longest ago comes first. */
  const known = new Map<string, Known>();

  function dropIdle(): void {
    for (const [callId, { atMs }] of known) {
      if (now() - atMs < IDLE_MS) break;
      known.delete(callId);
    }
  }

  const isKnown = ({ callId, epoch, afterSeq }: CallNews): boolean => {
    const one = known.get(callId);
    return afterSeq === 0 || (one?.epoch === epoch && one.seq === afterSeq);
  };

  function keep({ callId, epoch, upToSeq: seq }: CallNews, history: HistoryState): void {
    known.delete(callId);
    if (known.size < mostCalls) known.set(callId, { atMs: now(), history, epoch, seq });
  }

  return {
    async follow(calls, readAll) {
      const words: { callId: string; said: string[] }[] = [];
      let left = mostRead;
      dropIdle();
      for (const call of calls) {
        const { callId, facts, afterSeq, upToSeq } = call;
        const isSaid = facts.some(({ type }) => saying.has(type));
        if (isKnown(call)) {
          const before = afterSeq === 0 ? emptyHistory : (known.get(callId)?.history ?? emptyHistory);
          keep(call, parsed(facts).reduce(evolveHistory, before));
        } else {
          known.delete(callId);
          if (!isSaid || left === 0 || known.size >= mostCalls) continue;
          left -= 1;
          keep(call, (await readAll(callId, upToSeq)).reduce(evolveHistory, emptyHistory));
        }
        const one = known.get(callId);
        if (isSaid && one) words.push({ callId, said: saidSoFar(one.history) });
      }
      return words;
    },
    forget: (callId) => void known.delete(callId),
  };
}

function parsed(facts: readonly StoredFact[]): Fact[] {
  return facts.flatMap((fact) => {
    const read = parseFact(fact);
    return read.ok ? [read.fact] : [];
  });
}
