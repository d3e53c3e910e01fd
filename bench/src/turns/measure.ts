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
  /** Its turn was ended while it was still being spoken. */
  isCutOff: boolean;
  /** From its last sound to the end of its turn; null: none came. */
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
  if (!delay || delay.n < outcomes.length) throw new Error(`${outcomes.length - (delay?.n ?? 0)} turns never ended`);
  return {
    utterances: outcomes.length,
    cutOff: outcomes.filter((outcome) => outcome.isCutOff).length / outcomes.length,
    delay,
    meanMs: delays.reduce<number>((sum, ms) => sum + (ms ?? 0), 0) / outcomes.length,
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
      commits.map((fact) => fact.at - startMs),
      next?.startMs ?? Number.POSITIVE_INFINITY,
    );
  });
}

function outcomeOf({ startMs, endMs }: Utterance, commits: readonly number[], untilMs: number): Outcome {
  const end = commits.find((at) => at >= endMs && at < untilMs);
  return {
    isCutOff: commits.some((at) => at >= startMs && at < endMs),
    delayMs: end === undefined ? null : end - endMs,
  };
}
