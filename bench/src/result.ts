import { type CallerResult, FALSE_STOP_MS, type Turn } from "./caller/plan.ts";
import type { Memory } from "./meter.ts";
import type { Parts } from "./parts.ts";
import type { Spending } from "./spending.ts";
import { type Stats, stats } from "./stats.ts";

/** One scenario of one target. Times in ms. */
export interface ScenarioResult {
  target: string;
  scenario: string;
  callers: number;
  /** Callers without an agent, callers that heard no greeting, caller processes that died. */
  failedJoins: number;
  ungreeted: number;
  crashedCallers: number;
  connect: Stats | null;
  join: Stats | null;
  greet: Stats | null;
  /** End of speech to the first sound of the answer, at the caller's ear; lost turns don't count. */
  latency: Stats | null;
  turns: number;
  /** No answer, or one to less than the whole question. */
  lostTurns: number;
  /** The latter of them. */
  cutTurns: number;
  /** Answers that came before the question was over. */
  premature: number;
  /** Answers with a silent hole of more than 150 ms. */
  choppy: number;
  barges: number;
  failedBarges: number;
  quieter: Stats | null;
  silent: Stats | null;
  bargeReply: Stats | null;
  /** Sounds over an answer that asked for nothing, as far as they were measured; and how many kept the agent quiet too long. */
  overs: number;
  falseStops: number;
  /** The longest that it was quiet. */
  overQuiet: Stats | null;
  /** Of an echo agent: from the caller's microphone to the caller's ear. */
  echoBack: Stats | null;
  /** The same tone, from the caller's microphone to another person's ear. */
  echoStraight: Stats | null;
  /** The difference of the two: from sound that an agent could hear to sound that a caller could, of it. */
  echoOwn: Stats | null;
  parts: Parts | null;
  spending: Spending | null;
  /** CPU seconds per second while it was measured. */
  cores: { agent: number; server: number; mock: number; callers: number };
  /** Share of the machine's time that a host gave to others meanwhile. */
  stolen: number;
  /** The most there was. */
  memory: Memory;
  /** Of a soak: with nobody in, after so many calls. */
  checkpoints: { calls: number; pssMiB: number }[];
  latePieces: number;
  loopDelayP99Ms: number;
  errors: string[];
}

/** One target in one run, all its scenarios. */
export interface TargetResult {
  target: string;
  /** From 1. */
  run: number;
  /** Null: it never started. */
  registeredMs: number | null;
  idle: Memory | null;
  /** Process start to the first greeting, heard by a caller who waits for it; null: no such scenario. */
  starts: StartResult | null;
  scenarios: ScenarioResult[];
  /** Why there is less than was asked for. */
  failures: string[];
}

export interface StartResult {
  scenario: string;
  registered: Stats | null;
  greeting: Stats | null;
  failed: number;
  errors: string[];
}

const HOLE_MS = 150;

/** What the callers saw, summed up. */
export function summary(results: readonly CallerResult[], callers: number) {
  const calls = results.flatMap((result) => result.calls);
  const turns = calls.flatMap((call) => call.turns);
  const barges = calls.flatMap((call) => call.barges);
  const quiets = calls.flatMap((call) => call.overs).flatMap(({ quietMs }) => (quietMs === undefined ? [] : [quietMs]));
  const echoes = calls.flatMap((call) => call.echoes);
  const isLost = (turn: Turn) => turn.heardAt === undefined || turn.answered !== "whole";
  const latencyOf = ({ heardAt, endedAt }: Turn) => (heardAt === undefined ? undefined : heardAt - endedAt);
  const joined = calls.filter((call) => call.joinMs !== undefined);
  return {
    failedJoins: callers - joined.length,
    ungreeted: joined.filter((call) => call.greetMs === undefined).length,
    connect: stats(calls.map((call) => call.connectMs)),
    join: stats(joined.map((call) => call.joinMs)),
    greet: stats(joined.map((call) => call.greetMs)),
    latency: stats(turns.filter((turn) => !isLost(turn)).map(latencyOf)),
    turns: turns.length,
    lostTurns: turns.filter(isLost).length,
    cutTurns: turns.filter((turn) => isLost(turn) && turn.heardAt !== undefined).length,
    premature: turns.filter((turn) => (latencyOf(turn) ?? 0) < 0).length,
    choppy: turns.filter((turn) => turn.heardAt !== undefined && turn.longestGapMs > HOLE_MS).length,
    barges: barges.length,
    failedBarges: barges.filter((barge) => barge.failed !== undefined).length,
    quieter: stats(barges.map((barge) => barge.quieterMs)),
    silent: stats(barges.map((barge) => barge.silentMs)),
    bargeReply: stats(barges.map((barge) => barge.replyMs)),
    overs: quiets.length,
    falseStops: quiets.filter((ms) => ms > FALSE_STOP_MS).length,
    overQuiet: stats(quiets),
    echoBack: stats(echoes.map(({ backMs }) => backMs)),
    echoStraight: stats(echoes.map(({ straightMs }) => straightMs)),
    echoOwn: stats(echoes.map(({ backMs, straightMs }) => backMs - straightMs)),
    latePieces: results.reduce((sum, result) => sum + result.latePieces, 0),
    loopDelayP99Ms: Math.max(0, ...results.map((result) => result.loopDelayP99Ms)),
    errors: results.flatMap((result) => result.errors),
  };
}
