import type { Concern, Deadline, RepliesState } from "../state.ts";
import { update } from "../state.ts";
import { fail, newSentence, requested, set } from "./change.ts";
import { next } from "./next.ts";
import { react } from "./react.ts";
import { isExpected, stalled, stallId } from "./stall.ts";

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
      case "agent-changed":
        // Where the new agent says nothing of its own first, it goes on with what its tools were asked for.
        return fact.greeting?.trim()
          ? { ...own, active: own.active.map((reply) => ({ ...reply, left: true as const })) }
          : own;
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
