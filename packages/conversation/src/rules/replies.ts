import type { Decision, Fact, FactOf, ReplyCause } from "../facts/index.ts";
import { isBackChannel } from "../policies/back-channel.ts";
import { maySpeculate } from "../policies/speculation.ts";
import type { Settings } from "../settings.ts";
import { splitHeard } from "./heard.ts";
import type { Concern, Deadline, OpenTurn, RepliesState, Reply, RuleState, Sentence } from "./state.ts";
import { update } from "./state.ts";
import {
  calledInStep,
  isApproved,
  isAudible,
  isMade,
  isSettled,
  replyById,
  soundMs,
  turnText,
  unfinishedTools,
} from "./views.ts";

/** Sentences that a tool says while it works are numbered from here. */
const SAID_BY_TOOLS = 1_000_000;

/** What the agent says: asked for, made sentence by sentence, finished or discarded. When it sounds is playback's. */
export const replies: Concern<RepliesState> = {
  initial: { requested: 0, active: [] },
  evolve(own, fact, state) {
    switch (fact.type) {
      case "reply-requested":
        return { requested: own.requested + 1, active: [...own.active, requested(fact)] };
      case "reply-first-token":
      case "speech-first-audio":
      case "playback-started":
      case "playback-progress":
      case "playback-paused":
      case "playback-drained":
        return set(own, fact.replyId, () => ({ progressAt: fact.at }));
      case "reply-released":
      case "reply-resumed":
        return set(own, fact.replyId, () => ({ progressAt: fact.at }));
      case "reply-sentence":
        return set(own, fact.replyId, (reply) => ({
          progressAt: fact.at,
          sentences:
            reply.failed || reply.sentences.some((sentence) => sentence.index === fact.index)
              ? reply.sentences
              : [...reply.sentences, newSentence(fact, state.settings.mode)],
        }));
      case "speech-requested":
        return set(own, fact.replyId, (reply) => ({
          sentences: update(
            reply.sentences,
            (sentence) => sentence.index === fact.index,
            (sentence) => ({ ...sentence, asked: true }),
          ),
        }));
      case "speech-made":
        return set(own, fact.replyId, (reply) => ({
          progressAt: fact.at,
          sentences: update(
            reply.sentences,
            (sentence) => sentence.index === fact.index,
            (sentence) => ({ ...sentence, ms: fact.ms, ...(fact.words ? { words: fact.words } : {}) }),
          ),
        }));
      case "reply-text-ended":
        return set(own, fact.replyId, (reply) =>
          fact.step === reply.step ? { progressAt: fact.at, textEnded: true } : {},
        );
      case "reply-continued":
        return set(own, fact.replyId, () => ({ progressAt: fact.at, textEnded: false, step: fact.step }));
      case "tool-started":
        return set(own, fact.replyId, () => ({ progressAt: fact.at }));
      case "tool-finished":
      case "tool-failed":
      case "tool-cancelled": {
        const replyId = state.tools.calls.find((call) => call.toolCallId === fact.toolCallId)?.replyId;
        return replyId === undefined ? own : set(own, replyId, () => ({ progressAt: fact.at }));
      }
      case "reply-failed":
        return fail(own, fact.replyId, fact.stage, fact.error);
      case "deadline-passed":
        return stalled(own, fact, state);
      case "reply-finished":
      case "reply-discarded":
        return { ...own, active: own.active.filter((reply) => reply.replyId !== fact.replyId) };
      default:
        return own;
    }
  },
  decide(state, fact) {
    const changes = react(state, fact);
    return changes.length > 0 ? changes : next(state, fact);
  },
  deadlines(state) {
    const list: Deadline[] = [];
    for (const reply of state.replies.active)
      if (isExpected(state, reply))
        list.push({ id: stallId(reply), at: reply.progressAt + state.settings.bounds.replyMs });
    return list;
  },
};

function requested(fact: FactOf<"reply-requested">): Reply {
  const { replyId, cause, speculative, basis, interruptible } = fact;
  return {
    replyId,
    cause,
    speculative,
    basis,
    text: fact.text,
    interruptible,
    step: 0,
    textEnded: false,
    failed: null,
    sentences: [],
    progressAt: fact.at,
  };
}

function set(own: RepliesState, replyId: string, change: (reply: Reply) => Partial<Reply>): RepliesState {
  const active = update(
    own.active,
    (reply) => reply.replyId === replyId,
    (reply) => ({ ...reply, ...change(reply) }),
  );
  return active === own.active ? own : { ...own, active };
}

/** In a text call there is no sound to wait for. */
function newSentence({ index, text }: FactOf<"reply-sentence">, mode: Settings["mode"]): Sentence {
  return { index, text, asked: false, ms: mode === "text" ? 0 : null };
}

/** What is made of it may still be heard; nothing more comes. */
function fail(own: RepliesState, replyId: string, stage: string, error: FactOf<"reply-failed">["error"]): RepliesState {
  return set(own, replyId, (reply) => ({
    textEnded: true,
    failed: reply.failed ?? { stage, error },
    sentences: reply.sentences.filter((sentence) => sentence.ms !== null),
  }));
}

function stallId(reply: Reply): string {
  return `reply:${reply.replyId}:${Math.round(reply.progressAt)}`;
}

/** Something is owed by a stage: text, sound, or playing on. */
function isExpected(state: RuleState, reply: Reply): boolean {
  const { current } = state.playback;
  const phase = current?.replyId === reply.replyId ? current.phase : null;
  if (phase === "paused" || phase === "stopping") return false;
  if (unfinishedTools(state, reply.replyId).length > 0) return false;
  // It waits to be heard, with sound made ahead; more is made when that is played.
  if (phase === null && reply.sentences.some((sentence) => sentence.ms !== null)) return false;
  if (!reply.textEnded || !isMade(reply)) return true;
  return phase !== null;
}

/** A mouth that has something to play and does not is the first to blame: nothing else could be heard through it. */
function stalledStage(state: RuleState, reply: Reply): string {
  const { current } = state.playback;
  if (current?.replyId === reply.replyId && current.audible && !current.drained) return "playback";
  return reply.textEnded ? (isMade(reply) ? "playback" : "tts") : "llm";
}

function stalled(own: RepliesState, fact: FactOf<"deadline-passed">, state: RuleState): RepliesState {
  const reply = state.replies.active.find((candidate) => stallId(candidate) === fact.deadline);
  if (!reply || !isExpected(state, reply)) return own;
  const stage = stalledStage(state, reply);
  const message = `no progress for ${state.settings.bounds.replyMs} ms`;
  const error = { code: "reply-stalled", category: "timeout", message, retryable: true };
  const failed = fail(own, reply.replyId, stage, error);
  // Also of one that had failed before and whose rest is played no further; the next look is as far away as this one.
  return set(failed, reply.replyId, () => ({ failed: { stage, error }, progressAt: fact.at }));
}

/** What this fact itself asks for. */
function react(state: RuleState, fact: Fact): readonly Decision[] {
  if (state.closing.phase === "closing" && fact.type !== "call-closing" && !endsReply(fact)) return [];
  switch (fact.type) {
    case "call-started":
      return fact.greeting === null ? [] : [request(state, { kind: "greeting" }, fact.greeting)];
    case "transcript-final":
      return speculate(state, fact);
    case "say-requested":
      return fact.text.trim() === ""
        ? []
        : [request(state, { kind: "say", by: fact.by }, fact.text, { interruptible: fact.interruptible })];
    case "track-failed":
      return [request(state, { kind: "fallback", turnId: null }, state.settings.phrases.notHeard)];
    case "turn-failed":
      return [request(state, { kind: "fallback", turnId: fact.turnId }, state.settings.phrases.failure)];
    case "turn-skipped":
      return forTurn(state, fact.turnId).map((reply) =>
        discard(
          reply,
          fact.reason === "author" ? "author" : fact.reason === "call-ended" ? "call-ended" : "superseded",
        ),
      );
    case "reply-sentence": {
      const reply = replyById(state, fact.replyId);
      const isNew = reply?.sentences.some((sentence) => sentence.index === fact.index && !sentence.asked);
      if (!reply || !isNew || state.settings.mode === "text") return [];
      // A speech-to-speech model brings the sound along; only fixed speech and what tools say is synthesised.
      if (state.settings.mode === "realtime" && reply.text === null && fact.index < SAID_BY_TOOLS) return [];
      return [{ type: "speech-requested", replyId: fact.replyId, index: fact.index }];
    }
    case "call-closing":
      return state.replies.active
        .filter((reply) => !isAudible(state, reply))
        .map((reply) => discard(reply, "call-ended"));
    case "playback-stopped": {
      const { current } = state.playback;
      return current?.replyId === fact.replyId && current.phase === "stopping" ? [end(state, fact.replyId)] : [];
    }
    case "deadline-passed": {
      const { current } = state.playback;
      return current?.phase === "stopping" && fact.deadline === `stop:${current.replyId}`
        ? [end(state, current.replyId)]
        : [];
    }
    case "user-away":
      return state.settings.away.prompt === null ? [] : [request(state, { kind: "away" }, state.settings.away.prompt)];
    case "call-recovered":
      return recover(state);
    default:
      return [];
  }
}

function endsReply(fact: Fact): boolean {
  return fact.type === "playback-stopped" || fact.type === "deadline-passed" || fact.type === "turn-skipped";
}

/** What is due now, whatever brought it about: tools' answers go back, ended replies end, turns are answered. */
function next(state: RuleState, fact: Fact): readonly Decision[] {
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
  if (calledInStep(state, reply.replyId, reply.step) && reply.step < state.settings.maxToolSteps)
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

/** Over, after it was released. */
function end(state: RuleState, replyId: string): Decision {
  const heardMs = state.playback.current?.replyId === replyId ? state.playback.current.heardMs : 0;
  const reply = replyById(state, replyId);
  return {
    type: "reply-finished",
    replyId,
    turnId: reply ? turnOf(reply) : null,
    heardMs,
    failed: reply?.failed?.stage ?? null,
  };
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
  if (!turn.understood && turn.text === "") return [request(state, cause, state.settings.phrases.notUnderstood)];
  return [request(state, cause, null)];
}

function forTurn(state: RuleState, turnId: string): Reply[] {
  return state.replies.active.filter(
    (reply) => reply.cause.kind === "turn" && reply.cause.turnId === turnId && !isAudible(state, reply),
  );
}

function speculate(state: RuleState, fact: FactOf<"transcript-final">): readonly Decision[] {
  const { settings } = state;
  const turn = state.turns.open.find((candidate) => candidate.turnId === fact.turnId);
  if (!turn || settings.mode !== "voice" || settings.reviewTurns || !isSettled(turn)) return [];
  const text = turnText(turn);
  if (
    !turn.segments.every((part) => part.understood) ||
    !maySpeculate({ wasted: turn.wasted, text }, settings.speculation)
  )
    return [];
  if (isOverReply(state, turn) && isBackChannel(text)) return [];
  // What was heard of a reply is known only once it is silent: history must not change under the new one.
  const { current } = state.playback;
  if (current && current.phase !== "paused") return [];
  const prepared = forTurn(state, turn.turnId);
  if (prepared.some((reply) => reply.basis === text)) return [];
  const again = turn.wasted + prepared.length < settings.speculation.maxPerTurn;
  return [
    ...prepared.map((reply) => discard(reply, "turn-went-on")),
    ...(again ? [request(state, { kind: "turn", turnId: turn.turnId }, null, { basis: text })] : []),
  ];
}

function isOverReply(state: RuleState, turn: OpenTurn): boolean {
  return turn.overReplyId !== null && state.playback.current?.replyId === turn.overReplyId;
}

function request(
  state: RuleState,
  cause: ReplyCause,
  text: string | null,
  options: { basis?: string | null; interruptible?: boolean; nth?: number } = {},
): Decision {
  const { basis = null, interruptible = true, nth = 1 } = options;
  const replyId = `r${state.replies.requested + nth}`;
  return { type: "reply-requested", replyId, cause, speculative: basis !== null, basis, text, interruptible };
}

function discard(reply: Reply, reason: FactOf<"reply-discarded">["reason"]): Decision {
  const stage = reason === "failed" ? (reply.failed?.stage ?? "llm") : null;
  return { type: "reply-discarded", replyId: reply.replyId, turnId: turnOf(reply), reason, failed: stage };
}

function turnOf(reply: Reply): string | null {
  return reply.cause.kind === "turn" ? reply.cause.turnId : null;
}

/**
 * A new process: what nobody heard is said anew, what was cut is taken up from what was heard. Asked for before the
 * old ones end: their ends lead to more requests. (Answers to turns are asked for anew by the rule for turns.)
 */
function recover(state: RuleState): readonly Decision[] {
  const { current } = state.playback;
  const requests: Decision[] = [];
  const ends: Decision[] = [];
  for (const reply of state.replies.active) {
    const cut = reply.replyId === current?.replyId && current.audible;
    ends.push(cut ? end(state, reply.replyId) : discard(reply, "recovered"));
    const over = reply.failed !== null || (cut && current.phase === "stopping");
    if (over || state.closing.phase === "closing") continue;
    const unheard = reply.cause.kind === "turn" ? null : reply.text;
    const rest = cut ? splitHeard(reply.sentences, current.heardMs).rest : unheard;
    if (rest === null || rest === "") continue;
    const cause: ReplyCause = cut ? { kind: "resume", replyId: reply.replyId } : reply.cause;
    const nth = requests.length + 1;
    requests.push(request(state, cause, rest, { interruptible: reply.interruptible, nth }));
  }
  return [...requests, ...ends];
}
