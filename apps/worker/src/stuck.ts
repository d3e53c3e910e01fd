import { readFileSync } from "node:fs";

/** A healthy shard tells of itself every second. */
const STOPPED_MS = 2_000;
/** Code of the author's that never returns keeps the processor busy. */
const LOOPING_MS = 4_000;
/** The part of the silence in which a looping process was on the processor. */
const LOOPING_SHARE = 0.7;
/** Alive and merely slow: the machine is overloaded, and a new process would make that worse. */
const SILENT_MS = 15_000;

/** How the system sees a process: stopped (or dead), and the CPU that it has used, ms. Null where that is not told. */
export type LookAtProcess = (pid: number) => { stopped: boolean; cpuMs: number } | null;

/** Linux: from /proc, in ticks of 10 ms. */
export const lookAtProcess: LookAtProcess = (pid) => {
  try {
    // The name in parentheses may hold anything; what follows it is fixed. State is field 3, utime and stime 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    const cpuTicks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(cpuTicks) ? { stopped: "TtZX".includes(fields[0] ?? ""), cpuMs: cpuTicks * 10 } : null;
  } catch {
    return null;
  }
};

/** Why a shard that was silent for so long must be given up; null while it may be. */
export function whyStuck(
  silentMs: number,
  lastCpuMs: number | null,
  seen: ReturnType<LookAtProcess>,
): "is stopped" | "is stuck in a loop" | "gave no sign of life" | null {
  if (seen?.stopped && silentMs >= STOPPED_MS) return "is stopped";
  const busy = seen && lastCpuMs !== null ? (seen.cpuMs - lastCpuMs) / silentMs : 0;
  if (silentMs >= LOOPING_MS && busy >= LOOPING_SHARE) return "is stuck in a loop";
  return silentMs >= SILENT_MS ? "gave no sign of life" : null;
}
