import type { Decision, Fact, FactOf } from "../../facts/index.ts";
import type { Reply, RuleState } from "../state.ts";
import { isAudible, replyById } from "../views.ts";
import { discard, end, forTurn, say } from "./decisions.ts";
import { recover } from "./recover.ts";
import { speculate, takeBack } from "./speculate.ts";

/** Sentences that a tool says while it works are numbered from here. */
const SAID_BY_TOOLS = 1_000_000;

/** What this fact itself asks for. */
export function react(state: RuleState, fact: Fact): readonly Decision[] {
  if (state.closing.phase === "closing" && fact.type !== "call-closing" && !endsReply(fact)) return [];
  switch (fact.type) {
    case "call-started":
      return opening(state, fact.greeting);
    case "recording-changed":
      return state.recording.greetSeq === fact.seq ? say(state, { kind: "greeting" }, state.recording.greeting) : [];
    case "speech-started":
      return takeBack(state, fact.participantId);
    case "transcript-final":
      return speculate(state, fact);
    case "say-requested": {
      const { by, text, interruptible, sound } = fact;
      return say(state, { kind: "say", by }, text, { interruptible, sound });
    }
    case "agent-changed":
      // What the one before was making is made anew by the new one; what it is saying it says to its end.
      return [...say(state, { kind: "greeting" }, fact.greeting), ...answersUnheard(state)];
    case "track-failed":
      return say(state, { kind: "fallback", turnId: null }, state.settings.phrases.notHeard);
    case "turn-failed":
      return say(state, { kind: "fallback", turnId: fact.turnId }, state.settings.phrases.failure);
    case "turn-skipped":
      return forTurn(state, fact.turnId).map((reply) =>
        discard(reply, isReason(fact.reason) ? fact.reason : "superseded"),
      );
    case "reply-sentence": {
      const reply = replyById(state, fact.replyId);
      const isNew = reply?.sentences.some((sentence) => sentence.index === fact.index && !sentence.asked);
      if (!reply || !isNew || state.settings.mode === "text") return [];
      // A speech-to-speech model brings the sound along; only fixed speech and what tools say is synthesised.
      if (state.settings.mode === "realtime" && reply.text === null && fact.index < SAID_BY_TOOLS) return [];
      return [{ type: "speech-requested", replyId: fact.replyId, index: fact.index }];
    }
    case "mute-changed":
      return fact.muted ? unheard(state).map((reply) => discard(reply, "muted")) : [];
    case "call-closing":
      return unheard(state).map((reply) => discard(reply, "call-ended"));
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
      return say(state, { kind: "away" }, state.settings.away.prompt);
    case "call-recovered":
      return recover(state, fact);
    default:
      return [];
  }
}

/** What is said about the recording comes first; where it is a question, the greeting waits for the answer. */
function opening(state: RuleState, greeting: string | null): readonly Decision[] {
  const { mode, announcement, question } = state.settings.recording;
  const cause = { kind: "recording" } as const;
  if (mode === "ask") return say(state, cause, question, { interruptible: false });
  const first = mode === "on" ? say(state, cause, announcement, { interruptible: false }) : [];
  return [...first, ...say(state, { kind: "greeting" }, greeting, { nth: first.length + 1 })];
}

function unheard(state: RuleState): Reply[] {
  return state.replies.active.filter((reply) => !isAudible(state, reply));
}

function answersUnheard(state: RuleState): Decision[] {
  return unheard(state)
    .filter(({ cause }) => cause.kind === "turn")
    .map((reply) => discard(reply, "superseded"));
}

/** Why a turn is not to be answered, where that is why its reply is dropped too. */
function isReason(reason: FactOf<"turn-skipped">["reason"]): reason is "author" | "call-ended" | "muted" {
  return reason === "author" || reason === "call-ended" || reason === "muted";
}

function endsReply(fact: Fact): boolean {
  return fact.type === "playback-stopped" || fact.type === "deadline-passed" || fact.type === "turn-skipped";
}
