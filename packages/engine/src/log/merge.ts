import type { Fact } from "@parley/conversation";

/** A fact in its place, or the place of one that can't be read. */
export interface Entry {
  epoch: number;
  seq: number;
  fact: Fact | null;
  /** Version of a newer Parley's fact. */
  newerVersion: number | null;
  path: string;
  line: number;
}

export interface Merged {
  /** One fact for each seq from 1 on, up to the first that is missing or can't be read. */
  entries: (Entry & { fact: Fact })[];
  /** The place that ended it; null: it is whole. */
  stop: { seq: number; unreadable: Entry | null; leftOut: number } | null;
}

/**
 * The log of a call from what its owners wrote. An owner owns the log from its first fact on: what an older epoch has
 * there or later was never seen by it, and does not count.
 */
export function mergeEpochs(found: readonly Entry[]): Merged {
  const bySeq = new Map<number, Entry>();
  for (const epoch of epochsOf(found)) {
    const first = epoch.reduce((least, { seq }) => Math.min(least, seq), Number.POSITIVE_INFINITY);
    for (const seq of bySeq.keys()) if (seq >= first) bySeq.delete(seq);
    for (const entry of epoch) {
      const there = bySeq.get(entry.seq);
      // Written twice after a failed write: both are the same, unless one of them is damaged.
      if (!there || (there.epoch === entry.epoch && there.fact === null)) bySeq.set(entry.seq, entry);
    }
  }
  const entries: Merged["entries"] = [];
  for (let seq = 1; ; seq++) {
    const entry = bySeq.get(seq);
    if (entry?.fact) {
      entries.push({ ...entry, fact: entry.fact });
      continue;
    }
    const leftOut = bySeq.size - entries.length;
    return { entries, stop: leftOut === 0 ? null : { seq, unreadable: entry ?? null, leftOut } };
  }
}

/** Grouped, the oldest epoch first. */
function epochsOf(found: readonly Entry[]): Entry[][] {
  const groups = new Map<number, Entry[]>();
  for (const entry of found) {
    const group = groups.get(entry.epoch);
    if (group) group.push(entry);
    else groups.set(entry.epoch, [entry]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}
