import { execFile } from "node:child_process";
import { readFile, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a running Postgres writes into its data folder. Lines: Postgres source, src/include/utils/pidfile.h. */
export interface Postmaster {
  pid: number;
  port: number;
  status: string;
}

export async function readPostmaster(cluster: string): Promise<Postmaster | null> {
  const text = await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? "").trim() };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * True only when `pid` is a Postgres that works in this very folder: ids are used again, and nothing else may ever
 * be sent a signal. A postmaster's working directory is its data folder.
 */
export async function isPostgresOf(cluster: string, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const folder = await realpath(cluster).catch(() => cluster);
  const command = await commandLine(pid);
  if (!/postgres/.test(command)) return false;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => null);
  return cwd === null ? command.includes(folder) || command.includes(cluster) : cwd === folder;
}

async function commandLine(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
  } catch {
    const { stdout } = await run("ps", ["-p", String(pid), "-o", "command="]).catch(() => ({ stdout: "" }));
    return stdout;
  }
}

const FAST = { signal: "SIGINT", waitMs: 8_000 } as const;
const IMMEDIATE = { signal: "SIGQUIT", waitMs: 3_000 } as const;
const KILL = { signal: "SIGKILL", waitMs: 2_000 } as const;

/**
 * Ends the Postgres of this folder: by a fast shutdown (unless it is known not to answer), then an immediate one,
 * then a kill; never longer than the waits together. Resolves true when it is gone.
 */
export async function endPostgres(cluster: string, pid: number, options?: { answers: boolean }): Promise<boolean> {
  const steps = options?.answers === false ? [IMMEDIATE, KILL] : [FAST, IMMEDIATE, KILL];
  for (const { signal, waitMs } of steps) {
    // Not by its id alone: one that has ended but was not collected by its parent keeps it.
    if (!(await isPostgresOf(cluster, pid))) return true;
    try {
      process.kill(pid, signal);
    } catch {
      return !isAlive(pid);
    }
    const deadline = Date.now() + waitMs;
    while (Date.now() < deadline) {
      if (!(await isPostgresOf(cluster, pid))) return true;
      await sleep(10);
    }
  }
  return !(await isPostgresOf(cluster, pid));
}
