import { open } from "node:fs/promises";
import { basename } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Fact } from "@parley/conversation";
import { type ReadLine, readLine, readValue } from "./line.ts";
import { type Entry, mergeEpochs } from "./merge.ts";
import { type LineSeal, PLAIN_LINES } from "./sealed-lines.ts";

/** So many lines are read in one go: the process that reads has other calls to look after. */
const LINES_PER_TURN = 500;
/** Enough to see what is wrong; a file of nothing but damage must not fill the memory. */
const MAX_PROBLEMS = 100;
/** Where the problems of facts lie that were given, not read. */
const ELSEWHERE = "elsewhere";

export interface CallFilesReading {
  /** The call's log over all epochs: one fact for each seq from 1 on, without a gap. May be empty. */
  facts: Fact[];
  /** When the file that holds the last of them was written to, ms since the Unix epoch; null when no file holds it. */
  modifiedMs: number | null;
  /**
   * Not null: the log goes on with facts of a Parley of this version, which this one can't read. To go on without
   * them would forget what was said and done: leave the call to a newer one, or end it.
   */
  newerVersion: number | null;
  /**
   * Facts behind the end of `facts`, which can't be joined to it. Above 0 with no facts at all: a call that is well
   * under way, whose beginning has to come from elsewhere; it must not begin anew.
   */
  leftOut: number;
  /** What could not be read or was left out, the first hundred. `line` counts from 1; 0 is the whole file. */
  problems: { path: string; line: number; message: string }[];
}

/**
 * The log of one call from the files of all its epochs, `<callId>.<epoch>.ndjson`, in any order. Of one seq the higher
 * epoch's fact counts, and nothing of a lower epoch behind a higher one's first. Lines that are no facts are passed
 * over; where that leaves a hole, the log ends there. A last line without its end was never acted on and is no fact.
 * Never throws: a file that can't be read is a problem like any other.
 * @param elsewhere facts of the same call from another place (the server's copy), merged by the same rules
 * @param sealed how lines may be sealed; one whose key is not here counts as left out
 */
export async function readCallFiles(
  paths: readonly string[],
  elsewhere: readonly unknown[] = [],
  sealed: LineSeal = PLAIN_LINES,
): Promise<CallFilesReading> {
  const problems: CallFilesReading["problems"] = [];
  const problem = (path: string, line: number, message: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ path, line, message });
  };
  const found: Entry[] = [];
  const modified = new Map<string, number>();
  let foreign = 0;
  let callId = nameOf(paths[0] ?? "")?.callId ?? null;

  const take = (read: ReadLine, path: string, line: number): void => {
    const place = read.kind === "fact" ? read.fact : read.place;
    if (read.kind === "unreadable") problem(path, line, read.message);
    if (read.kind === "unreadable" && read.isForeign) foreign += 1;
    // Ephemeral facts (seq 0) are not part of the log.
    if (!place || place.seq === 0) return;
    callId ??= place.callId;
    const epoch = nameOf(path)?.epoch ?? place.epoch;
    if (place.callId !== callId) problem(path, line, `of another call: ${place.callId}, not ${callId}`);
    else if (place.epoch !== epoch) problem(path, line, `of epoch ${place.epoch} in a file of epoch ${epoch}`);
    else if (read.kind === "fact")
      found.push({ epoch, seq: place.seq, fact: read.fact, newerVersion: null, path, line });
    else found.push({ epoch, seq: place.seq, fact: null, newerVersion: read.newerVersion, path, line });
  };

  for (const path of new Set(paths)) {
    const file = await readText(path).catch((error: unknown) => {
      problem(path, 0, error instanceof Error ? error.message : String(error));
      return null;
    });
    if (!file) continue;
    modified.set(path, file.modifiedMs);
    const lines = file.text.split("\n");
    const rest = lines.pop() ?? "";
    for (const [index, line] of lines.entries()) {
      if (index % LINES_PER_TURN === LINES_PER_TURN - 1) await nextTurn();
      if (line.trim() !== "") take(readLine(line, sealed), path, index + 1);
    }
    if (rest !== "") problem(path, lines.length + 1, "cut in the middle: its end was never written");
  }
  for (const [index, value] of elsewhere.entries()) {
    if (index % LINES_PER_TURN === LINES_PER_TURN - 1) await nextTurn();
    take(readValue(value), ELSEWHERE, index + 1);
  }

  const { entries, stop } = mergeEpochs(found);
  if (stop) {
    const { path, line } = stop.unreadable ?? { path: paths[0] ?? ELSEWHERE, line: 0 };
    const why = stop.unreadable ? "can't be read" : "is missing";
    problem(path, line, `seq ${stop.seq} ${why}: the log ends before it, ${stop.leftOut} facts are left out`);
  }
  return {
    facts: entries.map(({ fact }) => fact),
    modifiedMs: modified.get(entries.at(-1)?.path ?? "") ?? null,
    leftOut: (stop?.leftOut ?? 0) + foreign,
    newerVersion: stop?.unreadable?.newerVersion ?? null,
    problems,
  };
}

async function readText(path: string): Promise<{ text: string; modifiedMs: number }> {
  const file = await open(path, "r");
  try {
    const { mtimeMs } = await file.stat();
    return { text: await file.readFile("utf8"), modifiedMs: mtimeMs };
  } finally {
    await file.close();
  }
}

/** Call and epoch of a file that is named after them. */
function nameOf(path: string): { callId: string; epoch: number } | null {
  const match = /^(.+)\.([1-9]\d{0,8})\.ndjson$/.exec(basename(path));
  return match ? { callId: match[1] as string, epoch: Number(match[2]) } : null;
}
