import type { Fact, SettingsInput } from "@parley/conversation";
import { type Stats, stats } from "../stats.ts";
import type { Caller, Utterance } from "./callers.ts";
import { recordedVad } from "./listen.ts";
import { perfectStt, type Writing } from "./recogniser.ts";
import { startCall } from "./run-call.ts";

/** A caller as the benchmark plays it, again and again. */
export interface Heard {
  caller: Caller;
  probabilities: Float32Array;
}

/** What became of one utterance. */
interface Outcome {
  /** Its turn was ended while it was still being spoken, or before its last words were known. */
  isCutOff: boolean;
  /** From its last sound to the end of its turn; null: it was cut off in its last word, and nothing came after that. */
  delayMs: number | null;
}

/** A policy on the curve. */
export interface Point {
  utterances: number;
  /** Share of utterances that were cut off. */
  cutOff: number;
  delay: Stats;
  meanMs: number;
}

/** Plays every caller with one policy and counts. */
export async function measure(
  heard: readonly Heard[],
  endpointing: SettingsInput["endpointing"],
  writing: Writing,
): Promise<Point> {
  const outcomes: Outcome[] = [];
  for (const one of heard) outcomes.push(...(await outcomesOf(one, endpointing, writing)));
  const delays = outcomes.map((outcome) => outcome.delayMs ?? undefined);
  const delay = stats(delays);
  const endless = outcomes.filter(({ isCutOff, delayMs }) => delayMs === null && !isCutOff).length;
  if (!delay || endless > 0) throw new Error(`${endless} turns never ended`);
  return {
    utterances: outcomes.length,
    cutOff: outcomes.filter((outcome) => outcome.isCutOff).length / outcomes.length,
    delay,
    meanMs: delays.reduce<number>((sum, ms) => sum + (ms ?? 0), 0) / delay.n,
  };
}

async function outcomesOf(
  { caller, probabilities }: Heard,
  endpointing: SettingsInput["endpointing"],
  writing: Writing,
): Promise<Outcome[]> {
  const words = caller.utterances.flatMap((utterance) => utterance.words);
  // The caller joins in the first millisecond, and its first frame is spoken from then on.
  const startMs = 1;
  const call = await startCall({
    settings: { endpointing },
    vad: recordedVad(probabilities),
    stt: (clock) => perfectStt(words, writing, clock, () => startMs),
    reply: "Okay.",
  });
  const lengthMs = caller.samples.length / 16;
  const said = call.caller.say(caller.samples);
  const { startMs: heardFromMs } = await call.clock.until(said, lengthMs + 60_000);
  if (Math.abs(heardFromMs - startMs) > 0.5) throw new Error(`The caller was heard from ${heardFromMs} ms on`);
  await call.clock.advance(3_000);
  await call.end();
  const commits = call.facts.filter((fact): fact is Extract<Fact, { type: "turn-committed" }> => {
    return fact.type === "turn-committed" && fact.text !== "";
  });
  return caller.utterances.map((utterance, index) => {
    const next = caller.utterances[index + 1];
    return outcomeOf(
      utterance,
      commits.map(({ at, text }) => ({ at: at - startMs, text })),
      next?.startMs ?? Number.POSITIVE_INFINITY,
    );
  });
}

function outcomeOf(
  { startMs, endMs, words }: Utterance,
  commits: readonly { at: number; text: string }[],
  untilMs: number,
): Outcome {
  const own = commits.filter(({ at }) => at >= startMs && at < untilMs);
  const end = own.find(({ at }) => at >= endMs);
  const known = own.reduce((sum, { text }) => sum + text.split(/\s+/).length, 0);
  return {
    isCutOff: own.some(({ at }) => at < endMs) || (own.length > 0 && known < words.length),
    delayMs: end === undefined ? null : end.at - endMs,
  };
}
