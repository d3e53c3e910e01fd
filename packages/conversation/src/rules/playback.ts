import type { Decision, Fact, FactOf } from "../facts/index.ts";
import { isBackChannel } from "../policies/back-channel.ts";
import { confirmAfterMs, wordsInterrupt } from "../policies/interruption.ts";
import type { Concern, Deadline, OpenTurn, PlaybackState, Playing, RuleState } from "./state.ts";
import {
  floorIsTaken,
  isApproved,
  isListenedTo,
  remainingMs,
  replyById,
  someoneListens,
  speakingSince,
  turnText,
} from "./views.ts";

/** The mouth's answer to a stop is waited for this long, ms. */
const STOP_MS = 2_000;

/** What sounds: one reply at a time. Barge-in in two steps: ducked at once, then paused and stopped, or resumed. */
export const playback: Concern<PlaybackState> = {
  initial: { current: null },
  evolve(own, fact) {
    const { current } = own;
    switch (fact.type) {
      case "reply-released":
        return { current: released(fact) };
      case "playback-started":
        return change(current, fact, (now) => ({
          audible: true,
          ...(now.phase === "released" ? { phase: "playing", since: fact.at } : {}),
        }));
      case "playback-progress":
        return change(current, fact, (now) =>
          fact.heardMs > now.heardMs ? { ...heard(now, fact), drained: false } : {},
        );
      case "speech-first-audio":
        // There is more to play: the mouth will tell again when it has run dry.
        return change(current, fact, () => ({ drained: false }));
      case "playback-drained":
        return change(current, fact, (now) => ({ ...heard(now, fact), drained: true }));
      case "playback-paused":
      case "playback-stopped":
        return change(current, fact, (now) => heard(now, fact));
      case "reply-ducked":
        return change(current, fact, (now) => ({ phase: "ducked", since: fact.at, ducks: now.ducks + 1 }));
      case "reply-paused":
        return change(current, fact, () => ({ phase: "paused", since: fact.at }));
      case "reply-resumed":
        return change(current, fact, (now) => ({ phase: now.audible ? "playing" : "released", since: fact.at }));
      case "reply-stopped":
        return change(current, fact, () => ({ phase: "stopping", since: fact.at }));
      case "reply-finished":
      case "reply-discarded":
        return current?.replyId === fact.replyId ? { current: null } : own;
      default:
        return own;
    }
  },
  decide(state, fact) {
    const { current } = state.playback;
    if (!current) return release(state);
    if (current.phase === "stopping") return [];
    // It was released because of this fact: the fact was about what sounded before.
    if (fact.seq !== 0 && fact.seq < current.releasedSeq) return [];
    return react(state, current, fact);
  },
  deadlines(state) {
    const { current } = state.playback;
    if (!current) return [];
    const list: Deadline[] = [];
    const { replyId, ducks, since } = current;
    if (current.phase === "stopping") list.push({ id: `stop:${replyId}`, at: since + STOP_MS });
    if (current.phase === "ducked") {
      const speaking = speakingSince(state);
      const confirm = confirmAfterMs(state.settings.interruption);
      if (speaking === null)
        list.push({
          id: `unduck:${replyId}:${ducks}`,
          at: lastVoice(state, since) + state.settings.interruption.duckMs,
        });
      else if (confirm !== null) list.push({ id: `confirm:${replyId}:${ducks}`, at: speaking + confirm });
    }
    return list;
  },
};

function react(state: RuleState, current: Playing, fact: Fact): readonly Decision[] {
  const { replyId } = current;
  const reply = replyById(state, replyId);
  if (!reply) return [];
  const stop = (reason: FactOf<"reply-stopped">["reason"]): Decision[] => [{ type: "reply-stopped", replyId, reason }];
  const pause = (because: FactOf<"reply-paused">["because"]): Decision[] =>
    current.phase === "paused" ? [] : [{ type: "reply-paused", replyId, because }];
  const interruptible = reply.interruptible && state.settings.interruption.policy !== "off";
  switch (fact.type) {
    case "call-closing":
      return current.audible ? stop("call-ended") : [];
    case "interrupt-requested":
      return stop("requested");
    case "mute-changed":
      return fact.muted ? stop("requested") : resume(state, current);
    case "reply-failed":
      return fact.replyId === replyId && fact.stage === "playback" ? stop("failed") : resume(state, current);
    case "participant-left":
      return someoneListens(state) ? resume(state, current) : pause("nobody-listens");
    case "turn-failed":
      return fact.stage === "stt" && interruptible ? stop("interrupted") : resume(state, current);
    case "turn-committed":
      // Still among the committed: it has words that want an answer.
      // (An answer that nobody has heard yet goes with its turn, which this one supersedes.)
      return interruptible &&
        (current.audible || reply.cause.kind !== "turn") &&
        state.turns.committed.some((turn) => turn.turnId === fact.turnId)
        ? stop("interrupted")
        : resume(state, current);
    case "turn-review-requested":
      // Nobody has heard it yet, and perhaps nobody is to.
      return current.audible || isApproved(state, reply) ? [] : pause("floor-taken");
    case "speech-started":
      if (!interruptible || !isListenedTo(state, fact.participantId)) return [];
      if (current.phase === "playing") return [{ type: "reply-ducked", replyId, participantId: fact.participantId }];
      return current.phase === "released" ? pause("floor-taken") : [];
    case "transcript-interim":
    case "transcript-final": {
      const over = state.turns.open.some((turn) => turn.turnId === fact.turnId && turn.overReplyId === replyId);
      const words = over && interruptible && wordsInterrupt(fact.text, state.settings.interruption);
      return words ? pause("words") : resume(state, current);
    }
    case "deadline-passed": {
      if (reply.failed?.error.code === "reply-stalled" && current.audible && reply.failed.stage === "playback")
        return stop("failed");
      const { ducks } = current;
      if (
        current.phase === "ducked" &&
        fact.deadline === `confirm:${replyId}:${ducks}` &&
        speakingSince(state) !== null
      )
        return pause("speech-length");
      if (current.phase === "ducked" && fact.deadline === `unduck:${replyId}:${ducks}` && speakingSince(state) === null)
        return [{ type: "reply-resumed", replyId }];
      return resume(state, current);
    }
    default:
      return resume(state, current);
  }
}

/** Full gain again, from where it was, once the floor is free and somebody listens. */
function resume(state: RuleState, current: Playing): readonly Decision[] {
  if (current.phase !== "paused" && current.phase !== "ducked") return [];
  if (speakingSince(state) !== null || !someoneListens(state)) return [];
  if (state.turns.open.some((turn) => !wantsNothing(state, turn, current))) return [];
  const reply = replyById(state, current.replyId);
  if (!current.audible && reply && !isApproved(state, reply)) return [];
  return [{ type: "reply-resumed", replyId: current.replyId }];
}

/** Its words are there, and are none, or only go along with what is said: it will be passed over when its silence ends. */
function wantsNothing(state: RuleState, turn: OpenTurn, { replyId, audible }: Playing): boolean {
  if (!audible || turn.via !== "speech" || turn.overReplyId !== replyId) return false;
  if (!turn.segments.every((part) => part.status === "final")) return false;
  const text = turnText(turn);
  const { interruption, endpointing } = state.settings;
  // Near its end the reply would run out before that: then it is an answer.
  const leastMs = interruption.tailMs + Math.max(endpointing.minMs, endpointing.maxMs);
  return text === "" || (isBackChannel(text) && remainingMs(state, replyId) > leastMs);
}

/** The first reply that may sound, as soon as nothing else does, nobody has the floor and somebody listens. */
function release(state: RuleState): readonly Decision[] {
  if (state.closing.phase === "closing" || state.muted || floorIsTaken(state) || !someoneListens(state)) return [];
  const reply = state.replies.active.find((candidate) => isApproved(state, candidate));
  return reply ? [{ type: "reply-released", replyId: reply.replyId }] : [];
}

/** Where the last sound over the agent ended, as far as open turns tell. */
function lastVoice(state: RuleState, since: number): number {
  let last = since;
  for (const turn of state.turns.open)
    for (const part of turn.segments) if (part.endMs !== null && part.endMs > last) last = part.endMs;
  return last;
}

function released(fact: FactOf<"reply-released">): Playing {
  const { replyId, at, seq } = fact;
  return {
    replyId,
    phase: "released",
    audible: false,
    heardMs: 0,
    drained: false,
    since: at,
    releasedSeq: seq,
    ducks: 0,
  };
}

/** What was heard can't be unheard: reports that come late or twice take nothing back. */
function heard(now: Playing, fact: { heardMs: number }): { heardMs: number } {
  return { heardMs: Math.max(now.heardMs, fact.heardMs) };
}

function change(
  current: Playing | null,
  fact: { replyId: string },
  to: (now: Playing) => Partial<Playing>,
): PlaybackState {
  if (current?.replyId !== fact.replyId) return { current };
  return { current: { ...current, ...to(current) } };
}
