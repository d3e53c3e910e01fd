import type { Case } from "../cases/case.ts";
import type { CallVerdict, EventVerdict } from "../judge/event.ts";
import type { CutReply } from "../judge/heard.ts";
import type { Moment } from "../judge/timeline.ts";
import { spread } from "./numbers.ts";

const sum = (calls: readonly CallVerdict[], of: (call: CallVerdict) => number) =>
  calls.reduce((total, call) => total + of(call), 0);

/** How far the log was from the ear. */
export const heardOff = ({ loggedMs, earMs }: CutReply): number => Math.abs(loggedMs - earMs);

/** Whose gap counts in an event: those who were hit and are not to end by it; where nobody was, all. */
export function measuredIn(events: readonly EventVerdict[]): CallVerdict[] {
  const calls = events.flatMap((event) => event.calls);
  const hit = calls.filter((call) => call.hit);
  return hit.length > 0 ? hit.filter(({ ending }) => !ending) : calls;
}

/** Calls by the reason in their last fact: `9 participant-left, 1 …`. */
function endings(calls: readonly CallVerdict[]): string {
  const counts = new Map<string, number>();
  for (const { ended } of calls) counts.set(ended ?? "no end", (counts.get(ended ?? "no end") ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ");
}

const COLUMNS =
  "what dies|events|calls measured|voice back p50 / p95 / last, ms|gap p50 / p95 / last, ms|facts lost|doubled|not yet shipped|turns lost|unanswered|heard, log against ear p50 / p95 / last, ms|others choppy|two agents|how calls ended".split(
    "|",
  );

function row({ title, name }: Case, events: readonly EventVerdict[]): string[] {
  const of = events.filter((event) => event.name === name);
  const calls = of.flatMap((event) => event.calls);
  const others = calls.filter((call) => !call.hit);
  const measured = measuredIn(of);
  const dead = measured.filter(({ gapMs }) => gapMs === null).length;
  const cut = calls.flatMap(({ cutReplies }) => cutReplies.map(heardOff));
  return [
    title,
    String(of.length),
    String(measured.length),
    spread(measured.map(({ voiceMs }) => voiceMs)),
    `${spread(measured.map(({ gapMs }) => gapMs))}${dead > 0 ? ` (${dead} never)` : ""}`,
    String(sum(calls, ({ lost }) => lost)),
    String(sum(calls, ({ doubled }) => doubled)),
    String(sum(calls, (call) => call.cut)),
    String(sum(calls, ({ openTurns, utterancesLost }) => openTurns + utterancesLost.length)),
    String(sum(calls, ({ unanswered }) => unanswered)),
    cut.length === 0 ? "–" : `${spread(cut)} (${cut.length})`,
    others.length === 0 ? "–" : `${others.filter(({ holes }) => holes.length > 0).length} of ${others.length}`,
    String(calls.filter(({ twoAgents }) => twoAgents).length),
    endings(calls),
  ];
}

/** One row a case that ran. */
export function outcomes(cases: readonly Case[], events: readonly EventVerdict[]): string[] {
  const ran = cases.filter(({ name }) => events.some((event) => event.name === name));
  const align = COLUMNS.map((_, i) => (i === 0 || i === COLUMNS.length - 1 ? "---" : "---:"));
  return [COLUMNS, align, ...ran.map((one) => row(one, events))].map((line) => `| ${line.join(" | ")} |`);
}

const MOMENTS: Record<Moment, string> = {
  "agent-speaking": "the agent was speaking",
  "answer-owed": "the caller waited for an answer",
  "caller-speaking": "the caller was speaking",
  quiet: "nobody spoke",
};

/** The gap by what was going on when it happened. */
export function moments(events: readonly EventVerdict[]): string[] {
  const hit = events.flatMap((event) => event.calls.filter((call) => call.hit && !call.ending));
  const rows = (Object.keys(MOMENTS) as Moment[]).map((moment) => {
    const gaps = hit.filter((call) => call.moment === moment).map(({ gapMs }) => gapMs);
    return `| ${MOMENTS[moment]} | ${gaps.filter((gap) => gap !== null).length} | ${spread(gaps)} |`;
  });
  return ["| at the fault | calls | gap p50 / p95 / last, ms |", "| --- | ---: | ---: |", ...rows];
}
