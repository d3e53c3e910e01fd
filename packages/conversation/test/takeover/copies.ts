import type { Fact } from "../../src/facts/index.ts";

/** What one owner wrote on a machine's disk. */
export interface OwnersFile {
  readonly epoch: number;
  readonly facts: Fact[];
  /** A fact whose line was cut by the death of its writer. */
  torn: Fact | null;
}

/**
 * One log out of what several owners wrote: each owns it from its first fact on. Ends before the first fact that is
 * missing.
 */
export function mergeCopies(found: readonly Fact[]): Fact[] {
  const firsts = new Map<number, number>();
  for (const { epoch, seq } of found) firsts.set(epoch, Math.min(firsts.get(epoch) ?? seq, seq));
  const owners = [...firsts].sort(([a], [b]) => b - a);
  const log = new Map<number, Fact>();
  for (const fact of found) {
    // The newest owner that had begun by then.
    const owner = owners.find(([, first]) => first <= fact.seq);
    if (owner?.[0] === fact.epoch) log.set(fact.seq, fact);
  }
  return upToHole(log);
}

/** What mergeCopies is compared with: the longest copy there is. */
export function longestCopy(copies: readonly (readonly Fact[])[]): Fact[] {
  let longest: Fact[] = [];
  for (const copy of copies) {
    const log = upToHole(new Map(copy.map((fact) => [fact.seq, fact])));
    if (log.length > longest.length) longest = log;
  }
  return longest;
}

function upToHole(log: ReadonlyMap<number, Fact>): Fact[] {
  const facts: Fact[] = [];
  for (let fact = log.get(1); fact; fact = log.get(facts.length + 1)) facts.push(fact);
  return facts;
}
