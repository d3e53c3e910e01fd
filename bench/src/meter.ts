import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** CPU and memory of a process tree, from /proc (Linux). */
export interface Memory {
  /** Proportional set size: pages shared by several processes count once. */
  pssMiB: number;
  rssMiB: number;
  processes: number;
}

interface Process {
  pid: number;
  ppid: number;
  cpuSeconds: number;
}

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"]));

/** Adds up the CPU seconds of a tree, also of processes that end between two samples (up to their last sample). */
export class Meter {
  readonly #root: number;
  readonly #first = new Map<number, number>();
  readonly #last = new Map<number, number>();

  /** Counts from now on. */
  constructor(rootPid: number) {
    this.#root = rootPid;
    for (const process of tree(rootPid)) this.#first.set(process.pid, process.cpuSeconds);
  }

  sample(): void {
    for (const { pid, cpuSeconds } of tree(this.#root)) this.#last.set(pid, cpuSeconds);
  }

  get cpuSeconds(): number {
    let sum = 0;
    for (const [pid, seconds] of this.#last) sum += seconds - (this.#first.get(pid) ?? 0);
    return sum;
  }

  memory(): Memory {
    const processes = tree(this.#root);
    let pssKiB = 0;
    let rssKiB = 0;
    for (const { pid } of processes) {
      const rollup = read(`/proc/${pid}/smaps_rollup`) ?? "";
      pssKiB += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
      rssKiB += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    }
    return { pssMiB: pssKiB / 1024, rssMiB: rssKiB / 1024, processes: processes.length };
  }
}

function tree(root: number): Process[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => stat(Number(name)))
    .filter((process) => process !== null);
  const inside = new Set([root]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const { pid, ppid } of all) {
      if (!inside.has(ppid) || inside.has(pid)) continue;
      inside.add(pid);
      grew = true;
    }
  }
  return all.filter((process) => inside.has(process.pid));
}

function stat(pid: number): Process | null {
  const text = read(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is the name in brackets and may contain anything; the rest follows its last bracket.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    ppid: Number(fields[1]),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // it has ended
  }
}
