import type { Decision, Fact, ReplyCause } from "../../facts/index.ts";
import type { Reply, RuleState } from "../state.ts";
import { calledInStep, isApproved, isMade, soundMs, unfinishedTools } from "../views.ts";
import { discard, end, forTurn, request } from "./decisions.ts";

/** What is due now, whatever brought it about: tools' answers go back, ended replies end, turns are answered. */
export function next(state: RuleState, fact: Fact): readonly Decision[] {
  // All that is left is being stopped.
  if (state.muted) return [];
  for (const reply of state.replies.active) {
    const decision = proceed(state, reply);
    if (decision) return [decision];
  }
  return state.closing.phase === "closing" || fact.type === "call-started" ? [] : answer(state);
}

function proceed(state: RuleState, reply: Reply): Decision | null {
  const current = state.playback.current?.replyId === reply.replyId ? state.playback.current : null;
  if (current?.phase === "stopping" || !reply.textEnded) return null;
  if (reply.failed) {
    if (!current?.audible) return discard(reply, "failed");
    return current.drained && isMade(reply) ? end(state, reply.replyId) : null;
  }
  if (unfinishedTools(state, reply.replyId).length > 0) return null;
  if (!reply.left && calledInStep(state, reply.replyId, reply.step) && reply.step < state.settings.maxToolSteps)
    return { type: "reply-continued", replyId: reply.replyId, step: reply.step + 1 };
  // A model that says nothing and does nothing has failed: nobody is left in silence.
  // (Unless it sounds: a speech-to-speech model may not tell its words.)
  if (reply.sentences.length === 0 && reply.step === 0 && !current?.audible) return discard(reply, "failed");
  if (!current || !isMade(reply)) return null;
  if (state.settings.mode === "text" || (reply.sentences.length === 0 && !current.audible))
    return end(state, reply.replyId);
  // Half a millisecond: sums of sentence lengths are not exact.
  return current.drained && current.heardMs >= soundMs(reply) - 0.5 ? end(state, reply.replyId) : null;
}

/** Asks for the reply to the newest committed turn, once nothing of an earlier reply is sounding. */
function answer(state: RuleState): readonly Decision[] {
  const turn = state.turns.committed.at(-1);
  if (turn?.status !== "ready") return [];
  const own = forTurn(state, turn.turnId);
  const fitting = own.find((reply) => isApproved(state, reply));
  if (fitting) return [];
  if (own.length > 0) return own.map((reply) => discard(reply, "turn-went-on"));
  if (state.playback.current) return [];
  const cause: ReplyCause = { kind: "turn", turnId: turn.turnId };
  return [
    request(
      state,
      cause,
      turn.understood || turn.text !== "" ? null : state.settings.phrases.notUnderstood.trim() || null,
    ),
  ];
}
