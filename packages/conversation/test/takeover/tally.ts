/** What happened in random lives of a log: shows that the invariants were put to the test. */
export interface Tally {
  logs: number;
  /** In the server's logs at the end. */
  facts: number;
  /** Written by an owner that was replaced, and not part of the log. */
  factsOfReplaced: number;
  deaths: number;
  /** Cut in the middle of a line. */
  tornLines: number;
  stops: number;
  /** Wrote on after they had been replaced. */
  staleWriters: number;
  recoveries: number;
  /** On the machine where it ran, without an answer from the server. */
  recoveriesAlone: number;
  takeovers: number;
  batches: number;
  staleRefusals: number;
  gaps: number;
  /** Batches of which the server had something already. */
  doubled: number;
  /** A new owner's facts in the place of those that another had there. */
  tailsCut: number;
  linesBroken: number;
}

export function newTally(): Tally {
  return {
    logs: 0,
    facts: 0,
    factsOfReplaced: 0,
    deaths: 0,
    tornLines: 0,
    stops: 0,
    staleWriters: 0,
    recoveries: 0,
    recoveriesAlone: 0,
    takeovers: 0,
    batches: 0,
    staleRefusals: 0,
    gaps: 0,
    doubled: 0,
    tailsCut: 0,
    linesBroken: 0,
  };
}

export function addTally(sum: Tally, more: Tally): void {
  for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += more[key];
}

export function tallyReport(tally: Tally, tookMs: number): string {
  const lines = Object.entries(tally).map(([what, times]) => `${String(times).padStart(10)}  ${what}`);
  return [`${(tookMs / 1000).toFixed(0)} s`, ...lines].join("\n");
}
