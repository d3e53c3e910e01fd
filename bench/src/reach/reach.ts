import type { TargetResult } from "../result.ts";
import type { Cell } from "../rows.ts";
import { median } from "../stats.ts";
import { roleOf } from "../target.ts";
import { type Figure, REACH, type ReachRow } from "./rows.ts";

export interface Reached {
  measure: string;
  ours: Cell;
  bestPeer: { name: string; value: number } | null;
  floor: Cell;
  /** What `limit` was made of; null where it is a plain number. */
  base: Cell;
  /** Null: what it depends on was not measured. */
  limit: Cell;
  /** Null: not measured. */
  reached: boolean | null;
}

/** Holds one row against the medians of these runs. */
export function reached(row: ReachRow, results: readonly TargetResult[]): Reached {
  const of = (name: string, figure: Figure | null): Cell =>
    figure && median(results.filter(({ target }) => target === name).map(figure));
  const best = (names: readonly string[]) =>
    names
      .flatMap((name) => {
        const value = of(name, row.figure);
        return value === null ? [] : [{ name, value }];
      })
      .reduce<Reached["bestPeer"]>((least, one) => (least === null || one.value < least.value ? one : least), null);
  const peers = [...new Set(results.map(({ target }) => target))].filter((name) => roleOf(name) === "peer");
  const tuned = peers.filter((name) => !name.endsWith("-stock"));
  const ours = of(row.ours, row.figure);
  const floor = of(row.floor ?? "floor", row.figure);
  const bestPeer = best("against" in row.reach && row.reach.against === "best tuned peer" ? tuned : peers);
  const [base, limit] = limitOf(row, { bestPeer: bestPeer?.value ?? null, floor, of });
  return { measure: row.measure, ours, bestPeer, floor, base, limit, reached: isReached(ours, limit) };
}

const isReached = (ours: Cell, limit: Cell) => (ours === null || limit === null ? null : ours <= limit);

function limitOf(
  { reach, ours }: ReachRow,
  seen: { bestPeer: Cell; floor: Cell; of(name: string, figure: Figure): Cell },
): [base: Cell, limit: Cell] {
  if ("atMost" in reach) return [null, reach.atMost];
  const base =
    reach.against === "itself" ? seen.of(ours, reach.of) : reach.against === "floor" ? seen.floor : seen.bestPeer;
  return [base, base === null ? null : base * reach.times + (reach.plus ?? 0)];
}

/** Ours, the best peer, the floor, the ratio to what it is held against, and whether it is reached: only from these results. */
export function reachTable(results: readonly TargetResult[]): string[][] {
  const lines = REACH.map((row) => {
    const { measure, ours, bestPeer, floor, base, limit, reached: is } = reached(row, results);
    const text = (value: Cell) => (value === null ? "–" : value.toFixed(row.digits ?? 0));
    const peer = bestPeer === null ? "–" : `${text(bestPeer.value)} ${bestPeer.name}`;
    const ratio = ours === null || base === null || base <= 0 ? "" : (ours / base).toFixed(2);
    const verdict = is === null ? "not measured" : is ? "yes" : "no";
    const named = row.ours === "parley" ? "" : ` (${row.ours})`;
    const whichFloor = row.floor === undefined || floor === null ? "" : ` (${row.floor})`;
    return [
      measure,
      `${text(ours)}${named}`,
      peer,
      `${text(floor)}${whichFloor}`,
      words(row, limit === null ? "" : ` = ${text(limit)}`),
      ratio,
      verdict,
    ];
  });
  return [["", "ours", "best peer", "floor", "reach", "ratio", "reached"], ...lines];
}

function words({ reach }: ReachRow, limit: string): string {
  if ("atMost" in reach) return `≤ ${reach.atMost}`;
  const base = reach.against === "itself" ? reach.called : reach.against;
  const times = reach.times === 1 ? "" : `${Number(reach.times.toFixed(2))} × `;
  return `≤ ${times}${base}${reach.plus === undefined ? "" : ` + ${reach.plus}`}${limit}`;
}
