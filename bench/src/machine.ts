import { readFileSync } from "node:fs";

/** What `/proc/stat` says of the machine since it was started, in ticks. */
export interface MachineTime {
  all: number;
  /** A virtual machine's: it had work, and its processors were given to others. */
  stolen: number;
}

export function machineTime(procStat = readFileSync("/proc/stat", "utf8")): MachineTime {
  // user nice system idle iowait irq softirq steal; what guests used is in user already
  const ticks = procStat.slice(0, procStat.indexOf("\n")).trim().split(/\s+/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, each) => sum + each, 0), stolen: ticks[7] ?? 0 };
}

/** Share of the machine's time between the two that others had. */
export function stolenShare(from: MachineTime, to: MachineTime): number {
  return to.all > from.all ? (to.stolen - from.stolen) / (to.all - from.all) : 0;
}
