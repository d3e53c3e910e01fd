import os from "node:os";
import { stats } from "@parley/bench/stats";
import type { Case } from "../cases/case.ts";
import { breaches, type EventVerdict } from "../judge/event.ts";
import { poisoned, reaches } from "./reach.ts";
import { moments, outcomes } from "./table.ts";

export interface RunFacts {
  seed: number;
  calls: number;
  command: string;
  minutes: number;
}

/** The section of docs/reliability.md. */
export function report(cases: readonly Case[], events: readonly EventVerdict[], run: RunFacts): string {
  const cpu = os.cpus();
  const busy = stats(events.map((event) => event.busyCores))?.p50.toFixed(1);
  const ends = poisoned(events);
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpu.length} × ${cpu[0]?.model.trim() ?? "?"}, Node ${process.versions.node}, ${events.length} events, ${run.calls} calls in each that names no other number, seed ${run.seed}, ${run.minutes.toFixed(0)} minutes:`,
    `\`${run.command}\`. Callers, servers and workers share the machine; ${busy} of its cores were busy before the faults.`,
    "",
    ...outcomes(cases, events),
    "",
    "What is wanted, and what this run measured of it:",
    "",
    ...reaches(events),
    "",
    ...(ends.length === 0 ? [] : [...ends, ""]),
    "Gap of the calls that were hit, by what was going on when it happened:",
    "",
    ...moments(events),
    "",
    ...broken(events),
  ].join("\n");
}

function broken(events: readonly EventVerdict[]): string[] {
  const list = events.flatMap((event) => breaches(event).map((what) => `- ${event.name}: ${what}`));
  return list.length === 0 ? ["No promise was broken."] : ["Broken promises:", "", ...list];
}
