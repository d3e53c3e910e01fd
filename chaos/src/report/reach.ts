import { stats } from "@parley/bench/stats";
import type { EventVerdict } from "../judge/event.ts";
import { whole } from "./numbers.ts";
import { heardOff, measuredIn } from "./table.ts";

/** What is wanted, in ms. */
const ONE_CALL_MS = 1_000;
const LAST_OF_TEN_MS = 4_000;
const CHECKPOINT_MS = 250;

interface Reach {
  what: string;
  atMostMs: number;
  seenMs: number | undefined;
  of: string;
}

/** What the design wants of a shard's death, beside what this run measured. */
export function reaches(events: readonly EventVerdict[]): string[] {
  const named = (name: string) => events.filter((event) => event.name === name);
  const crowd = (name: string): Omit<Reach, "what"> => {
    const calls = measuredIn(named(name));
    const never = calls.some(({ voiceMs }) => voiceMs === null);
    const last = stats(calls.map(({ voiceMs }) => voiceMs ?? undefined))?.max;
    const each = named(name).map((event) => event.calls.length);
    return { atMostMs: LAST_OF_TEN_MS, seenMs: never ? Number.NaN : last, of: `${each.join(" + ")} calls` };
  };
  const alone = measuredIn(named("shard-kill-one"));
  const gaps = stats(alone.map(({ gapMs }) => gapMs ?? undefined));
  const cut = events.flatMap(({ calls }) => calls.flatMap(({ cutReplies }) => cutReplies.map(heardOff)));
  const list: Reach[] = [
    {
      what: "one call on a killed shard: gap, p95",
      atMostMs: ONE_CALL_MS,
      seenMs: gaps?.p95,
      of: `${alone.length} calls`,
    },
    { what: "all calls on one killed shard, another beside it: the last voice back", ...crowd("crowd-kill") },
    { what: "all calls on the only shard of a worker: the last voice back", ...crowd("crowd-kill-alone") },
    {
      what: "what the log says was heard of a reply cut short, against the caller's ear: p95",
      atMostMs: CHECKPOINT_MS,
      seenMs: stats(cut)?.p95,
      of: `${cut.length} replies`,
    },
  ];
  return ["| wanted | at most | measured | of | |", "| --- | ---: | ---: | ---: | --- |", ...list.map(line)];
}

function line({ what, atMostMs, seenMs, of }: Reach): string {
  if (seenMs === undefined) return `| ${what} | ${atMostMs} ms | – | – | not in this run |`;
  const seen = Number.isNaN(seenMs) ? "never" : `${whole(seenMs)} ms`;
  return `| ${what} | ${atMostMs} ms | ${seen} | ${of} | ${seenMs <= atMostMs ? "reached" : "**not reached**"} |`;
}

/** What a call costs its caller that kills every process it is given. */
export function poisoned(events: readonly EventVerdict[]): string[] {
  const seconds = (ms: number | null) => (ms === null ? "never" : `${(ms / 1000).toFixed(1)} s`);
  return events.flatMap(({ calls }) =>
    calls.flatMap(({ deaths, ended }) => {
      if (!deaths) return [];
      const back = deaths.voiceMs.map((ms) => (ms === null ? "not before the next" : `${ms} ms`)).join(", ");
      return [
        `A call that killed its process ${deaths.voiceMs.length} times (at each turn of its caller's): voice back after each death: ${back}; ` +
          `the goodbye began ${seconds(deaths.goodbyeMs)} and ended ${seconds(deaths.saidMs)} after the last one; the call ended by \`${ended}\`.`,
      ];
    }),
  );
}
