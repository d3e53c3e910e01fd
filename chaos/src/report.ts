import os from "node:os";
import { stats } from "@parley/bench/stats";
import type { Case } from "./cases/case.ts";
import { breaches, type CallVerdict, type EventVerdict } from "./judge/event.ts";
import type { Moment } from "./judge/timeline.ts";

export interface RunFacts {
  seed: number;
  calls: number;
  command: string;
  minutes: number;
}

const whole = (value: number | undefined) => (value === undefined ? "–" : value.toFixed(0));
const sum = (calls: readonly CallVerdict[], of: (call: CallVerdict) => number) =>
  calls.reduce((total, call) => total + of(call), 0);

/** Calls by the reason in their last fact: `9 participant-left, 1 …`. */
function endings(calls: readonly CallVerdict[]): string {
  const counts = new Map<string, number>();
  for (const { ended } of calls) counts.set(ended ?? "no end", (counts.get(ended ?? "no end") ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ");
}

function row({ title, name }: Case, events: readonly EventVerdict[]): string[] {
  const of = events.filter((event) => event.name === name);
  const calls = of.flatMap((event) => event.calls);
  const hit = calls.filter((call) => call.hit);
  const others = calls.filter((call) => !call.hit);
  const measured = hit.length > 0 ? hit.filter(({ ending }) => !ending) : calls;
  const gaps = stats(measured.map(({ gapMs }) => gapMs ?? undefined));
  const voices = stats(measured.map(({ voiceMs }) => voiceMs ?? undefined));
  const dead = measured.filter(({ gapMs }) => gapMs === null).length;
  return [
    title,
    String(of.length),
    String(measured.length),
    `${whole(voices?.p50)} / ${whole(voices?.p95)} / ${whole(voices?.max)}`,
    `${whole(gaps?.p50)} / ${whole(gaps?.p95)} / ${whole(gaps?.max)}${dead > 0 ? ` (${dead} never)` : ""}`,
    String(sum(calls, ({ lost }) => lost)),
    String(sum(calls, ({ doubled }) => doubled)),
    String(sum(calls, ({ cut }) => cut)),
    String(sum(calls, ({ openTurns, utterancesLost }) => openTurns + utterancesLost.length)),
    String(sum(calls, ({ unanswered }) => unanswered)),
    others.length === 0 ? "–" : `${others.filter(({ holeMs }) => holeMs > 0).length} of ${others.length}`,
    String(calls.filter(({ twoAgents }) => twoAgents).length),
    endings(calls),
  ];
}

const HEAD =
  "what dies|events|calls measured|voice back p50 / p95 / last, ms|gap p50 / p95 / last, ms|facts lost|doubled|not yet shipped|turns lost|unanswered|others choppy|two agents|how calls ended".split(
    "|",
  );

/** The section of docs/reliability.md. */
export function report(cases: readonly Case[], events: readonly EventVerdict[], run: RunFacts): string {
  const ran = cases.filter(({ name }) => events.some((event) => event.name === name));
  const table = [
    HEAD,
    HEAD.map((_, i) => (i === 0 || i === HEAD.length - 1 ? "---" : "---:")),
    ...ran.map((one) => row(one, events)),
  ];
  const cpu = os.cpus();
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpu.length} × ${cpu[0]?.model.trim() ?? "?"}, Node ${process.versions.node}, ${events.length} events, ${run.calls} calls in each, seed ${run.seed}, ${run.minutes.toFixed(0)} minutes:`,
    `\`${run.command}\`. Callers, servers and workers share the machine; its load average at the faults was ${stats(events.map(({ load }) => load))?.p50.toFixed(1)}.`,
    "",
    ...table.map((line) => `| ${line.join(" | ")} |`),
    "",
    "Gap of the calls that were hit, by what was going on when it happened:",
    "",
    ...moments(events),
    "",
    ...broken(events),
  ].join("\n");
}

const MOMENTS: Record<Moment, string> = {
  "agent-speaking": "the agent was speaking",
  "answer-owed": "the caller waited for an answer",
  "caller-speaking": "the caller was speaking",
  quiet: "nobody spoke",
};

function moments(events: readonly EventVerdict[]): string[] {
  const hit = events.flatMap((event) => event.calls.filter((call) => call.hit && !call.ending));
  const rows = (Object.keys(MOMENTS) as Moment[]).map((moment) => {
    const gaps = stats(hit.filter((call) => call.moment === moment).map(({ gapMs }) => gapMs ?? undefined));
    return `| ${MOMENTS[moment]} | ${gaps?.n ?? 0} | ${whole(gaps?.p50)} / ${whole(gaps?.p95)} / ${whole(gaps?.max)} |`;
  });
  return ["| at the fault | calls | gap p50 / p95 / last, ms |", "| --- | ---: | ---: |", ...rows];
}

function broken(events: readonly EventVerdict[]): string[] {
  const list = events.flatMap((event) => breaches(event).map((what) => `- ${event.name}: ${what}`));
  return list.length === 0 ? ["No promise was broken."] : ["Broken promises:", "", ...list];
}
