import type { Decision, Fact, FactOf } from "../facts/index.ts";
import { consentIn } from "../policies/consent.ts";
import type { Concern, Deadline, RecordingState, RuleState } from "./state.ts";
import { remainingMs } from "./views.ts";

/** Who answers while so much of the question is still to come has heard what he is asked. */
const LAST_MS = 1_000;

type Change = FactOf<"recording-changed">;

/** Whether the call is recorded at this moment, and whether its caller has agreed where he must. */
export const recording: Concern<RecordingState> = {
  initial: {
    now: "off",
    agreed: false,
    questionId: null,
    questionHeard: false,
    waitingSince: null,
    answer: null,
    greeting: null,
    greetSeq: 0,
  },
  evolve(own, fact, state) {
    switch (fact.type) {
      case "call-started":
        return fact.settings.recording.mode === "ask" ? { ...own, greeting: fact.greeting } : own;
      case "recording-changed":
        return changed(own, fact);
      case "reply-requested":
        return asks(own, fact) ? { ...own, questionId: fact.replyId } : own;
      case "playback-started":
        return fact.replyId === own.questionId ? { ...own, questionHeard: true } : own;
      case "turn-committed":
        return own.now === "asking" ? { ...own, answer: answerIn(own, fact, state) } : own;
      case "reply-finished":
        return fact.replyId === own.questionId ? { ...own, waitingSince: fact.at } : own;
      default:
        return own;
    }
  },
  decide(state, fact) {
    if (state.closing.phase === "closing") return [];
    switch (fact.type) {
      case "call-started":
        return begun(fact.settings.recording.mode);
      case "recording-requested":
        return requested(state, fact);
      case "recording-answered":
        return answered(state, fact.agreed, fact.by);
      case "recording-failed":
        return state.recording.now === "off" ? [] : [to("off", "failed")];
      default:
        return state.recording.now === "asking" ? asking(state, fact) : [];
    }
  },
  deadlines(state) {
    const list: Deadline[] = [];
    const { now, waitingSince } = state.recording;
    const nobodySpeaks = state.turns.open.length + state.turns.committed.length === 0;
    if (now === "asking" && waitingSince !== null && nobodySpeaks && state.closing.phase !== "closing")
      list.push({ id: "consent", at: waitingSince + state.settings.recording.answerMs });
    return list;
  },
};

function changed(own: RecordingState, { to: now, because, seq }: Change): RecordingState {
  const settled = own.now === "asking" && now !== "asking";
  return {
    ...own,
    now,
    agreed: because === "agreed" || (own.agreed && because !== "refused"),
    // Who was answered something else than the question is being served already.
    greetSeq: settled && because !== "unclear" ? seq : own.greetSeq,
  };
}

/** Also once a process has died over it. */
function asks(own: RecordingState, { cause }: FactOf<"reply-requested">): boolean {
  if (own.now !== "asking") return false;
  return cause.kind === "recording" || (cause.kind === "resume" && cause.replyId === own.questionId);
}

function begun(mode: RuleState["settings"]["recording"]["mode"]): Decision[] {
  if (mode === "on") return [to("on", "settings")];
  return mode === "ask" ? [to("asking", "settings")] : [];
}

function requested({ recording: own, settings }: RuleState, { action, by }: FactOf<"recording-requested">): Decision[] {
  const { mode } = settings.recording;
  switch (action) {
    case "start":
      return own.now === "on" || mode === "off" || (mode === "ask" && !own.agreed) ? [] : [to("on", "requested", by)];
    case "pause":
      return own.now === "on" ? [to("paused", "requested", by)] : [];
    case "resume":
      return own.now === "paused" ? [to("on", "requested", by)] : [];
    case "stop":
      return own.now === "off" ? [] : [to("off", "requested", by)];
  }
}

function answered({ recording: own, settings }: RuleState, agreed: boolean, by: string): Decision[] {
  if (!agreed) return own.now === "off" && !own.agreed ? [] : [to("off", "refused", by)];
  const isNew = own.now === "asking" || own.now === "off";
  return isNew && settings.recording.mode !== "off" ? [to("on", "agreed", by)] : [];
}

/** What becomes of the question. */
function asking({ recording: { questionId, answer } }: RuleState, fact: Fact): readonly Decision[] {
  switch (fact.type) {
    case "turn-skipped":
      if (fact.reason !== "consent" || answer === null) return [];
      return answer.meaning === "yes"
        ? [to("on", "agreed", answer.participantId)]
        : [to("off", "refused", answer.participantId)];
    case "turn-committed":
      // With yes and no it is skipped by the rule for turns, which has looked at it before.
      return answer?.turnId === fact.turnId && answer.meaning === null
        ? [to("off", "unclear", fact.participantId)]
        : [];
    case "deadline-passed":
      return fact.deadline === "consent" ? [to("off", "no-answer")] : [];
    // It could not be said: nobody was asked.
    case "reply-discarded":
      return fact.replyId === questionId ? [to("off", "no-answer")] : [];
    case "reply-finished":
      return fact.replyId === questionId && fact.failed !== null ? [to("off", "no-answer")] : [];
    default:
      return [];
  }
}

/** Nobody agrees to a question that he has not heard, nor to its beginning. */
function answerIn(
  { questionId, questionHeard }: RecordingState,
  { turnId, participantId, text }: FactOf<"turn-committed">,
  state: RuleState,
): RecordingState["answer"] {
  if (questionId === null || !questionHeard || text === "") return null;
  if (remainingMs(state, questionId) > LAST_MS) return null;
  return { turnId, participantId, meaning: consentIn(text, state.language) };
}

function to(now: Change["to"], because: Change["because"], by: string | null = null): Decision {
  return { type: "recording-changed", to: now, because, by };
}
