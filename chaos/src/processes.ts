import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";

/** A shard, by what it is: a child of the supervisor that runs the shard's program, and the call files it has open. */
export function shardsOf(supervisorPid: number): { pid: number; calls: string[] }[] {
  return childrenOf(supervisorPid)
    .filter((pid) => /shard[/\\]main[.]/.test(read(`/proc/${pid}/cmdline`)))
    .map((pid) => ({ pid, calls: openCalls(pid) }));
}

export function childrenOf(pid: number): number[] {
  // One list per thread of the parent; Node forks from its main thread only.
  const listed = read(`/proc/${pid}/task/${pid}/children`).trim();
  return listed === "" ? [] : listed.split(" ").map(Number);
}

/** Open file descriptors and threads of a process; null when it is gone. */
export function openHandles(pid: number): { files: number; threads: number } | null {
  try {
    const files = readdirSync(`/proc/${pid}/fd`).length;
    return { files, threads: Number(/^Threads:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) };
  } catch {
    return null;
  }
}

function openCalls(pid: number): string[] {
  const calls = new Set<string>();
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const call = /^([\w.:-]+)\.\d+\.ndjson/.exec(path.basename(linkAt(`/proc/${pid}/fd/${fd}`)))?.[1];
      if (call) calls.add(call);
    }
  } catch {
    // It has ended.
  }
  return [...calls];
}

function linkAt(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
