import type { ScenarioResult, TargetResult } from "../result.ts";
import { type Cell, registeredMs } from "../rows.ts";
import { scenario } from "../scenario.ts";

/** A figure of one target in one run; null: it was not measured. */
export type Figure = (target: TargetResult) => Cell;

export interface ReachRow {
  measure: string;
  ours: "parley" | "parley-plain" | "parley-echo";
  /** Null: no scenario of this benchmark measures it. */
  figure: Figure | null;
  /** What ours is held against: at most so many times that, and `plus`. `itself` is another figure of ours. */
  reach:
    | { against: "best peer" | "best tuned peer" | "floor"; times: number; plus?: number }
    | { against: "itself"; of: Figure; called: string; times: number; plus?: number }
    | { atMost: number };
  /** Which floor is the floor. Default `floor`. */
  floor?: "floor-silero";
  digits?: number;
}

type Pick = (result: ScenarioResult) => Cell | undefined;
type Kind = ReturnType<typeof scenario>["kind"];

/** Of the scenario of this kind with so many callers (any, when none is given). */
const of =
  (kind: Kind, callers: number | null, pick: Pick): Figure =>
  ({ scenarios }) => {
    const found = scenarios.find(
      (one) => scenario(one.scenario).kind === kind && (callers === null || one.callers === callers),
    );
    return (found && pick(found)) ?? null;
  };
const turns = (pick: Pick) => of("turns", 1, pick);
const barge = (pick: Pick) => of("barge", 1, pick);
const join = (pick: Pick) => of("join", 1, pick);
const steady = (callers: number, pick: Pick) => of("steady", callers, pick);
const burst = (callers: number, pick: Pick) => of("burst", callers, pick);
const memoryAfter = (calls: number) =>
  of("soak", null, (r) => r.checkpoints.find((checkpoint) => checkpoint.calls === calls)?.pssMiB);

const oneCallP95 = turns((r) => r.latency?.p95);
const perCall: Pick = (r) => r.cores.agent / r.callers;
const notServed: Pick = (r) => r.failedJoins + r.ungreeted;

/** What Parley is to reach beside the peers: 2 cores for everything, 350 ms of providers, a pause of 300 ms ends a turn. */
export const REACH: readonly ReachRow[] = [
  ...(["p50", "p95"] as const).flatMap((p): ReachRow[] => {
    const latency = turns((r) => r.latency?.[p]);
    return [
      { measure: `turn ${p}, ms`, ours: "parley", figure: latency, reach: { against: "best peer", times: 0.72 } },
      {
        measure: `turn ${p}, speculation off, ms`,
        ours: "parley-plain",
        figure: latency,
        reach: { against: "best tuned peer", times: 0.92 },
      },
    ];
  }),
  {
    measure: "tokens sent a turn",
    ours: "parley",
    figure: turns((r) => r.spending?.tokens),
    reach: { against: "best peer", times: 1.5 },
    digits: 1,
  },
  {
    measure: "turn beyond pause and providers, speculation off, p50, ms",
    ours: "parley-plain",
    figure: turns((r) => r.parts?.beyond?.p50),
    reach: { against: "floor", times: 1, plus: 10 },
    floor: "floor-silero",
  },
  ...(["p50", "p95"] as const).flatMap((p): ReachRow[] => [
    {
      measure: `barge-in to 12 dB quieter ${p}, ms`,
      ours: "parley",
      figure: barge((r) => r.quieter?.[p]),
      reach: { against: "best peer", times: 0.5 },
    },
    {
      measure: `barge-in to silent ${p}, ms`,
      ours: "parley",
      figure: barge((r) => r.silent?.[p]),
      reach: { against: "best peer", times: 1 },
    },
  ]),
  {
    measure: "false stops",
    ours: "parley",
    figure: of("over", 1, (r) => (r.overs > 0 ? r.falseStops / r.overs : undefined)),
    reach: { against: "best peer", times: 1 / 3 },
    digits: 2,
  },
  {
    measure: "warm join → agent's track p50, ms",
    ours: "parley",
    figure: join((r) => r.join?.p50),
    reach: { against: "floor", times: 1 },
  },
  {
    measure: "warm join → greeting heard p50, ms",
    ours: "parley",
    figure: join((r) => r.greet?.p50),
    reach: { against: "itself", of: join((r) => r.join?.p50), called: "own track", times: 1, plus: 120 },
  },
  {
    measure: "start → registered, ms",
    ours: "parley",
    figure: registeredMs,
    reach: { against: "best peer", times: 0.5 },
  },
  {
    measure: "start → greeting heard by a waiting caller, ms",
    ours: "parley",
    figure: ({ starts }) => starts?.greeting?.p50 ?? null,
    reach: { against: "best peer", times: 0.5 },
  },
  ...[10, 20].flatMap((calls): ReachRow[] => [
    {
      measure: `${calls} calls: turn p95, ms`,
      ours: "parley",
      figure: steady(calls, (r) => r.latency?.p95),
      reach: { against: "itself", of: oneCallP95, called: "own with one call", times: 1.1 },
    },
    {
      measure: `${calls} calls: lost turns`,
      ours: "parley",
      figure: steady(calls, (r) => r.lostTurns + r.failedJoins),
      reach: { atMost: 0 },
    },
    {
      measure: `${calls} calls: choppy replies`,
      ours: "parley",
      figure: steady(calls, (r) => r.choppy),
      reach: { atMost: 0 },
    },
    {
      measure: `${calls} calls: CPU cores a call`,
      ours: "parley",
      figure: steady(calls, perCall),
      reach: { against: "floor", times: 1.4 },
      digits: 3,
    },
  ]),
  {
    measure: "30 calls: lost turns",
    ours: "parley",
    figure: steady(30, (r) => r.lostTurns + r.failedJoins),
    reach: { atMost: 0 },
  },
  {
    measure: "20 calls: whole memory a call, MiB",
    ours: "parley",
    figure: steady(20, (r) => r.memory.pssMiB / r.callers),
    reach: { atMost: 20 },
    digits: 1,
  },
  {
    measure: "idle memory, MiB",
    ours: "parley",
    figure: ({ idle }) => idle?.pssMiB ?? null,
    reach: { atMost: 150 },
  },
  ...(
    [
      [10, 2500],
      [20, 6000],
    ] as const
  ).flatMap(([joins, lastMs]): ReachRow[] => [
    {
      measure: `${joins} joins at once: not served`,
      ours: "parley",
      figure: burst(joins, notServed),
      reach: { atMost: 0 },
    },
    {
      measure: `${joins} joins at once: last greeting heard, ms`,
      ours: "parley",
      figure: burst(joins, (r) => r.greet?.max),
      reach: { atMost: lastMs },
    },
  ]),
  {
    measure: "echo agent, sound in → sound out p95, ms",
    ours: "parley-echo",
    figure: of("echo", 1, (r) => r.echoOwn?.p95),
    reach: { atMost: 100 },
  },
  {
    measure: "memory after 500 calls joined and left, MiB",
    ours: "parley",
    figure: memoryAfter(500),
    reach: { against: "itself", of: memoryAfter(100), called: "own after 100", times: 1.05 },
    digits: 1,
  },
];
