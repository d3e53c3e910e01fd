import type { StoredFact } from "@parley/store";
import type { Strike } from "../cases/case.ts";
import type { Crowd } from "../rooms-watch.ts";
import type { CallFile } from "../snapshots.ts";
import { type Deaths, judgeDeaths } from "./deaths.ts";
import { type CutReply, cutReplies } from "./heard.ts";
import { judgeLog, type LogVerdict, turnSpans, utterancesLost, written } from "./logs.ts";
import type { Moment, Span, Timeline } from "./timeline.ts";

/** One call in one event. Times in ms. */
export interface CallVerdict extends LogVerdict {
  callId: string;
  hit: boolean;
  moment: Moment;
  /** Null: the voice did not come back, or there was none to measure. */
  gapMs: number | null;
  /** To the first frame of the agent's new voice; null: the old one never went. */
  voiceMs: number | null;
  /** It went on: a question asked after the fault was answered. */
  wentOn: boolean;
  /** The fault was to end it. */
  ending: boolean;
  utterances: number;
  /** Said outside the gap, never a turn. From the fault, as `turns`, which the log says were heard. */
  utterancesLost: Span[];
  turns: Span[];
  /** Said outside the gap, heard as a turn or not, and never answered. */
  unanswered: number;
  /** Holes inside answers since the fault, counted from it. */
  holes: Span[];
  twoAgents: boolean;
  /** Replies that the fault cut, as logged and as heard. */
  cutReplies: CutReply[];
  /** Of a call that kills its process every time; null: it is none. */
  deaths: Deaths | null;
}

export interface EventVerdict {
  name: string;
  at: number;
  /** From the fault to the moment at which all was judged. */
  watchedMs: number;
  calls: CallVerdict[];
  /** How many of the machine's cores were busy in the seconds before the fault. */
  busyCores: number;
  /** Parts that nobody killed, and that died. */
  died: string[];
}

/** What an utterance that ends so shortly before a fault had not become yet, nobody promised to keep: it was sound. */
const UNHEARD_MS = 1_500;
const AFTER_BACK_MS = 300;

export function judgeCall(known: {
  callId: string;
  timeline: Timeline;
  strike: Strike;
  hungUpAt: number;
  files: readonly CallFile[];
  stored: readonly StoredFact[];
  crowds: readonly Crowd[];
}): CallVerdict {
  const { callId, timeline, strike, hungUpAt, crowds } = known;
  const log = written(known.files);
  const alsoAt = strike.hit.includes(callId) ? null : alsoStruckAt(log, strike);
  const hit = strike.hit.includes(callId) || alsoAt !== null;
  const faultAt = alsoAt ?? strike.at;
  const gapFrom = alsoAt ?? strike.gapFrom ?? strike.at;
  const gapMs = strike.inGoodOrder && hit ? timeline.handOverGapMs(gapFrom) : timeline.gapMs(gapFrom);
  const voiceBackAt = timeline.backAt(gapFrom);
  const disturbed = hit || voiceBackAt !== null;
  const backAt = voiceBackAt ?? (gapMs === null ? hungUpAt : gapFrom);
  const gap = disturbed ? { from: faultAt - UNHEARD_MS, to: backAt + AFTER_BACK_MS } : { from: faultAt, to: faultAt };
  const gaps = [gap, ...laterGaps(timeline, strike, hungUpAt)];
  const said = timeline.utterances().filter(({ to }) => to < hungUpAt - 1_000);
  const outside = said.filter(({ from, to }) => gaps.every((gap) => to < gap.from || from > gap.to));
  const fromFault = ({ from, to }: Span): Span => ({
    from: Math.round(from - strike.at),
    to: Math.round(to - strike.at),
  });
  const turns = turnSpans(log);
  return {
    ...judgeLog(known.files, known.stored, strike.at),
    callId,
    hit,
    moment: timeline.momentAt(faultAt),
    gapMs,
    voiceMs: voiceBackAt === null ? null : voiceBackAt - gapFrom,
    wentOn: timeline.answeredAfter(strike.at),
    ending: strike.ending?.includes(callId) ?? false,
    utterances: said.length,
    utterancesLost: utterancesLost(said, turns, gaps).map(fromFault),
    turns: turns.map(fromFault),
    unanswered: outside.filter(({ heardAt }) => heardAt === null).length,
    holes: timeline.holes(strike.at, hungUpAt).map(fromFault),
    twoAgents: crowds.some((crowd) => crowd.callId === callId) || timeline.mostAgents(strike.at) > 1,
    cutReplies: cutReplies(log, { spans: timeline.spans(), voices: timeline.voices() }, faultAt),
    deaths: strike.deaths?.callId === callId ? judgeDeaths(timeline, strike.deaths.at()) : null,
  };
}

/** A call that kills one process after another may take along those that share its second one: when this one was. */
function alsoStruckAt(log: readonly StoredFact[], { deaths }: Strike): number | null {
  const recovered = log.find((fact) => fact.type === "call-recovered");
  if (!deaths || !recovered) return null;
  return deaths.at().findLast((at) => at <= Number(recovered.wallMs)) ?? null;
}

/** A call that kills one process after another makes a gap with each, for whoever got a new voice before the next. */
function laterGaps(timeline: Timeline, { deaths }: Strike, hungUpAt: number): Span[] {
  const diedAt = deaths?.at() ?? [];
  return diedAt.slice(1).flatMap((at, index) => {
    const back = timeline.backAt(at);
    const until = diedAt[index + 2] ?? hungUpAt;
    return back === null || back > until ? [] : [{ from: at - UNHEARD_MS, to: back + AFTER_BACK_MS }];
  });
}

/** What of the promises was broken, in words, with the call's name; none: all were kept. */
export function breaches({ calls, died }: EventVerdict): string[] {
  return [...died, ...calls.flatMap((call) => broken(call).map((what) => `${call.callId}: ${what}`))];
}

function broken(call: CallVerdict): string[] {
  const said: string[] = [];
  if (call.lost > 0) said.push(`${call.lost} facts lost`);
  if (call.doubled > 0) said.push(`${call.doubled} facts doubled`);
  if (call.openTurns > 0) said.push(`${call.openTurns} turns without an end`);
  if (call.utterancesLost.length > 0) said.push(`${call.utterancesLost.length} utterances that never became a turn`);
  if (call.twoAgents) said.push("two agents in the room");
  if (!call.wentOn && !call.ending) said.push("did not go on");
  if (call.ended === null) said.push("has no end in its log");
  return said;
}
