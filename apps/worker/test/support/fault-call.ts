import type { Fact } from "@parley/conversation";
import type { SimulatedCaller } from "@parley/livekit";
import { vi } from "vitest";
import { expectWholeLog, ofType } from "./call-file.ts";
import type { FaultBoard } from "./fault-board.ts";
import type { Outcome, Stage } from "./fault-kinds.ts";
import type { House } from "./house.ts";
import type { MarkedSpeech } from "./marked-speech.ts";

export const APOLOGY = "Sorry, I am having trouble right now. Could you say that again?";
export const QUESTIONS = ["what time do you open on friday", "how much does the small one cost"] as const;
const CLIP_RATE_HZ = 16_000;
/** Pauses within an answer are shorter. */
const OVER_MS = 900;
/** From the end of the question to the first sound: time-outs of 2.5 s, one more try, and a busy machine. */
const HEARD_WITHIN_MS = 20_000;
const OVER_WITHIN_MS = 30_000;
/** The shortest of what may be said lasts longer. */
const LEAST_LOUD_MS = 800;

/** One question and what came of it. */
interface Asked {
  facts: readonly Fact[];
  /** The marked text that was heard; empty: another voice's. */
  text: string;
  /** From the end of the question to the first sound. */
  afterMs: number;
  loudMs: number;
}

export interface SeenCall {
  outcome: Outcome;
  afterMs: number;
  facts: readonly Fact[];
}

export interface FaultScene {
  house: House;
  board: FaultBoard;
  speech: MarkedSpeech;
}

export interface FaultCell {
  stage: Stage;
  tag: string;
  service: string;
  /** From before the call; else from the first question. */
  fromTheBeginning?: boolean;
}

/** One call: a question while the service fails, another one when it is well again, then the caller hangs up. */
export async function callThroughFault({ house, board, speech }: FaultScene, cell: FaultCell): Promise<SeenCall> {
  const { tag, service } = cell;
  const callId = `fault-${tag}`;
  if (cell.fromTheBeginning) board.letDown(tag, service);
  const caller = await house.call(callId, { metadata: { language: `en-x-${tag}` } });
  const ask = (question: string) => askOnce(house, caller, callId, speech, question);
  board.letDown(tag, service);
  const during = await ask(QUESTIONS[0]);
  const soFar = house.facts(callId);
  board.heal(tag);
  const after = await ask(QUESTIONS[1]);
  if (caller.agents.length !== 1) throw new Error(`${caller.agents.length} agents in the room`);
  await caller.leave();
  await vi.waitFor(() => isClosed(house.facts(callId)) || still("the call did not end"), waiting);
  const facts = house.facts(callId);
  expectWholeLog(facts, callId);
  return { outcome: outcomeOf(cell.stage, soFar, during, after), afterMs: during.afterMs, facts };
}

async function askOnce(
  house: House,
  caller: SimulatedCaller,
  callId: string,
  speech: MarkedSpeech,
  question: string,
): Promise<Asked> {
  if (caller.hearing.lastLoudAt > 0) await caller.quiet(OVER_MS);
  const from = house.facts(callId).length;
  const { endedAt } = await caller.speak(await speech.speak(question), CLIP_RATE_HZ);
  const onsetAt = await caller.onset(endedAt, HEARD_WITHIN_MS);
  const facts = () => house.facts(callId).slice(from);
  await vi.waitFor(() => isAnswered(facts()) || still(`the turn did not end: ${told(facts())}`), waiting);
  const silentAt = await caller.quiet(OVER_MS);
  return {
    facts: facts(),
    text: speech.recognise(caller.hearing.samples(onsetAt, silentAt)),
    afterMs: Math.round(onsetAt - endedAt),
    loudMs: caller.hearing.loudMs(onsetAt, silentAt),
  };
}

const waiting = { timeout: OVER_WITHIN_MS, interval: 250 };

function still(what: string): never {
  throw new Error(what);
}

const told = (facts: readonly Fact[]) => facts.map(({ at, type }) => `${Math.round(at)} ${type}`).join(", ");
const isClosed = (facts: readonly Fact[]) => facts.at(-1)?.type === "call-closed";

/** A turn was taken, each one has its end, and nothing more is to be said. */
function isAnswered(facts: readonly Fact[]): boolean {
  const turns = ofType(facts, "turn-committed").length;
  const replies = ofType(facts, "reply-requested").length;
  const over = [...ofType(facts, "reply-finished"), ...ofType(facts, "reply-discarded")].length;
  return turns > 0 && turns === endings(facts).length && replies === over;
}

function endings(facts: readonly Fact[]) {
  return [...ofType(facts, "turn-replied"), ...ofType(facts, "turn-failed"), ...ofType(facts, "turn-skipped")];
}

function outcomeOf(stage: Stage, soFar: readonly Fact[], during: Asked, after: Asked): Outcome {
  const codes = [
    ...ofType(soFar, "transcript-failed"),
    ...ofType(soFar, "reply-failed"),
    ...ofType(soFar, "error-occurred"),
  ].map(({ error }) => error.code);
  // Of the voice, an error with which the call goes on is no second try: the spare voice speaks.
  const again = stage === "stt" || stage === "llm" ? ofType(during.facts, "error-occurred").length : 0;
  const turn = endings(during.facts).map(({ type }) => type);
  return {
    heard: heardOf(during, stage === "realtime" ? "" : QUESTIONS[0]),
    error: [...new Set(codes)].sort().join(", ") || "–",
    askedAgain: again > 0 ? "yes" : "no",
    turn:
      turn.join() === "turn-replied" ? "replied" : turn.join() === "turn-failed" ? "failed" : (turn.join() as never),
    next: heardOf(after, stage === "realtime" ? "" : QUESTIONS[1]).replace("the answer", "answered"),
  };
}

/** In words, by the log and the ear together; where they differ, what the ear heard. */
function heardOf({ facts, text, loudMs }: Asked, answer: string): string {
  const voices = ofType(facts, "usage-reported").filter((usage) => usage.stage === "tts");
  const isSpare = voices.length > 0 && voices.every(({ model }) => model.startsWith("local/"));
  const spare = isSpare ? " in the spare voice" : "";
  const apologies = ofType(facts, "reply-requested").filter(({ cause }) => cause.kind === "fallback");
  const half = ofType(facts, "reply-finished").some(({ failed, heardMs }) => failed !== null && heardMs > 0);
  if (loudMs < LEAST_LOUD_MS) return `${Math.round(loudMs)} ms of sound`;
  if (apologies.length > 1) return "more than one apology";
  if (half) return apologies.length === 1 ? `half of the answer, the apology${spare}` : "half of the answer";
  const wanted = apologies.length === 1 ? APOLOGY : answer;
  if (!isSpare && text !== wanted) return `"${text}"`;
  return `${apologies.length === 1 ? "the apology" : "the answer"}${spare}`;
}
