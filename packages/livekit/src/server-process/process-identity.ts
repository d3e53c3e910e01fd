import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Something that tells this process from a later one with the same pid: the start time in clock ticks on Linux
 * (field 22 of /proc/PID/stat, see proc(5)), else what `ps` says. Null when there is no such process, or a dead one.
 */
export function processStart(pid: number): string | null {
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // The command may hold spaces and brackets: fields are counted after its closing one.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const [state, threads, startTicks] = [fields[0], fields[17], fields[19]];
      // One that was killed holds its files and ports until the last of its threads is gone.
      const dead = state === "X" || (state === "Z" && Number(threads) <= 1);
      return dead || startTicks === undefined ? null : startTicks;
    } catch {
      return null;
    }
  }
  return ps(pid, "lstart=");
}

/** The command line of a process, its arguments joined by spaces; empty when it cannot be read. */
export function commandLine(pid: number): string {
  if (process.platform === "linux") {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    } catch {
      return "";
    }
  }
  return ps(pid, "command=") ?? "";
}

function ps(pid: number, column: string): string | null {
  try {
    const text = execFileSync("ps", ["-o", column, "-p", String(pid)], { encoding: "utf8", timeout: 5000 }).trim();
    return text === "" ? null : text;
  } catch {
    return null;
  }
}
