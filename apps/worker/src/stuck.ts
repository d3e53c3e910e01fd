import { readFileSync } from "node:fs";

/** A healthy shard tells of itself every second. */
const STOPPED_MS = 2_000;
/** Code of the author's that never returns: whenever one looks, the process runs or wants to. */
const LOOPING_MS = 4_000;
/** A healthy one, however crowded the machine, is seen waiting for something in so many looks. */
const LOOPING_LOOKS = 5;
/** The part of the silence in which a looping process was on the processor, at the least. */
const LOOPING_SHARE = 0.1;
/** Alive and merely slow: the machine is overloaded, and a new process would make that worse. */
const SILENT_MS = 15_000;

/** How the system sees a process: what its main thread does, and the CPU that it has used, ms. Null where that is not told. */
export type LookAtProcess = (pid: number) => { doing: "running" | "waiting" | "stopped"; cpuMs: number } | null;

/** Linux: from /proc, in ticks of 10 ms. */
export const lookAtProcess: LookAtProcess = (pid) => {
  try {
    // The name in parentheses may hold anything; what follows it is fixed. State is field 3, utime and stime 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    const cpuTicks = Number(fields[11]) + Number(fields[12]);
    const state = fields[0] ?? "";
    const doing = "TtZX".includes(state) ? "stopped" : state === "R" ? "running" : "waiting";
    return Number.isFinite(cpuTicks) ? { doing, cpuMs: cpuTicks * 10 } : null;
  } catch {
    return null;
  }
};

/** What was seen of a shard since it told of itself last. */
export interface Silence {
  silentMs: number;
  /** CPU that it had used then; null: nobody knows. */
  cpuMsBefore: number | null;
  /** Looks in a row in which it was running. */
  runningLooks: number;
}

/** Why a shard that was silent for so long must be given up; null while it may be. */
export function whyStuck(
  { silentMs, cpuMsBefore, runningLooks }: Silence,
  seen: ReturnType<LookAtProcess>,
): "is stopped" | "is stuck in a loop" | "gave no sign of life" | null {
  if (seen?.doing === "stopped" && silentMs >= STOPPED_MS) return "is stopped";
  const share = seen && cpuMsBefore !== null ? (seen.cpuMs - cpuMsBefore) / silentMs : 0;
  if (silentMs >= LOOPING_MS && runningLooks >= LOOPING_LOOKS && share >= LOOPING_SHARE) return "is stuck in a loop";
  return silentMs >= SILENT_MS ? "gave no sign of life" : null;
}
