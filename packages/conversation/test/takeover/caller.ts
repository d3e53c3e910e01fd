import { callStarted } from "@parley/testkit/facts";
import type { InputBody } from "../../src/facts/index.ts";
import { deadlines, type RuleState } from "../../src/rules/index.ts";
import { settingsSchema } from "../../src/settings.ts";
import { type Dice, oneOf } from "../world/dice.ts";

const settings = settingsSchema.parse({
  closing: { graceMs: 2000, joinMs: 5000, farewellMs: 2500 },
  bounds: { transcriptMs: 1500, replyMs: 3000, toolMs: 2000, turnMs: 6000 },
});

export const callBegins: InputBody = callStarted({ greeting: "Hello there. How can I help?", settings });

const person = "p1";
const error = { code: "x", category: "provider", message: "x failed", retryable: true };

/**
 * What a call's stages may tell next, by the state alone: any process can go on with it. A small call with speech,
 * replies, playback and tools; `endsCall` once it is to be over.
 */
export function nextInput(state: RuleState, now: number, roll: Dice, endsCall: boolean, spent: Set<string>): InputBody {
  for (const { id, at } of deadlines(state))
    if (at <= now && !spent.has(id)) {
      spent.add(id);
      return { type: "deadline-passed", deadline: id };
    }
  const caller = state.hearing.people[person];
  if (!caller?.present)
    return {
      type: "participant-joined",
      participantId: person,
      name: "Ada",
      kind: "standard",
      metadata: null,
      attributes: {},
    };
  if (!caller.ready) return { type: "listener-ready", participantId: person };
  if (endsCall && state.closing.phase === "open") return { type: "close-requested", reason: "agent", afterReply: true };
  const possible = [...speech(state, caller, now, roll), ...replies(state), ...playback(state), ...tools(state)];
  if (possible.length > 0 && roll() < 0.97) return oneOf(roll, possible);
  return { type: "dtmf-received", participantId: person, digit: "5" };
}

function* speech(
  state: RuleState,
  caller: { speakingSinceMs: number | null },
  now: number,
  roll: Dice,
): Iterable<InputBody> {
  if (caller.speakingSinceMs !== null) yield { type: "speech-ended", participantId: person, endMs: now };
  else if (state.closing.phase === "open" && roll() < 0.4)
    yield { type: "speech-started", participantId: person, startMs: now };
  for (const { turnId, segments, participantId } of state.turns.open)
    for (const [segment, { status, takes }] of segments.entries())
      if (status === "requested")
        yield {
          type: "transcript-final",
          participantId,
          turnId,
          segment,
          ...(takes > 0 ? { take: takes } : {}),
          text: oneOf(roll, ["What time do you open?", "Is there a table?", "mhm", ""]),
          understood: true,
          audioMs: 500,
        };
}

function* replies(state: RuleState): Iterable<InputBody> {
  for (const { replyId, cause, step, textEnded, failed, sentences, text } of state.replies.active) {
    if (failed) continue;
    for (const { index, asked, ms } of sentences)
      if (asked && ms === null) yield { type: "speech-made", replyId, index, ms: 600 };
    if (textEnded) continue;
    const index = sentences.length;
    if (index < 2 + step) yield { type: "reply-sentence", replyId, index, text: `Sentence ${index} of ${replyId}.` };
    else yield { type: "reply-text-ended", replyId, step, finishReason: "stop" };
    if (text === null && cause.kind === "turn" && step < 2) {
      const toolCallId = `k${state.seq}`;
      const call = { type: "tool-called", replyId, step, toolCallId, tool: "book", args: {} } as const;
      yield { ...call, effectful: state.seq % 2 === 0 };
    }
  }
}

function* playback(state: RuleState): Iterable<InputBody> {
  const { current } = state.playback;
  if (!current) return;
  const { replyId, phase, heardMs } = current;
  const reply = state.replies.active.find((active) => active.replyId === replyId);
  const madeMs = (reply?.sentences ?? []).reduce((sum, { ms }) => sum + (ms ?? 0), 0);
  if (phase === "released" && madeMs > 0) yield { type: "playback-started", replyId };
  else if (phase === "stopping") yield { type: "playback-stopped", replyId, heardMs };
  else if (phase === "paused") yield { type: "playback-paused", replyId, heardMs };
  else if (phase === "playing" || phase === "ducked")
    yield heardMs + 250 < madeMs
      ? { type: "playback-progress", replyId, heardMs: heardMs + 250 }
      : { type: "playback-drained", replyId, heardMs: madeMs };
}

function* tools(state: RuleState): Iterable<InputBody> {
  for (const { toolCallId, status } of state.tools.calls)
    if (status === "started")
      yield state.seq % 5 === 0
        ? { type: "tool-failed", toolCallId, error }
        : { type: "tool-finished", toolCallId, result: { ok: toolCallId } };
}
