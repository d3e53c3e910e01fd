import { execFileSync } from "node:child_process";

/** Stops a Postgres with all its processes as they stand: it takes connections and answers nothing. */
export function freeze(pid: number): number[] {
  const children = execFileSync("ps", ["--no-headers", "-o", "pid", "--ppid", String(pid)], { encoding: "utf8" });
  const pids = [pid, ...children.trim().split(/\s+/).map(Number)];
  for (const one of pids) process.kill(one, "SIGSTOP");
  return pids;
}

export function thaw(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGCONT");
    } catch {
      // It has ended.
    }
  }
}
