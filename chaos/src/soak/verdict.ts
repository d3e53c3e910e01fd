import os from "node:os";

export interface Verdict {
  /** The section of docs/reliability.md. */
  text: string;
  flat: boolean;
  /** SVG. */
  plot: string;
}

export function machine(): string {
  const cpu = os.cpus();
  return `${new Date().toISOString().slice(0, 10)}, ${cpu.length} × ${cpu[0]?.model.trim() ?? "?"}, Node ${process.versions.node}`;
}
