import type { Decision } from "../../src/facts/index.ts";
import type { RepliesState, RuleState } from "../../src/rules/state.ts";
import { deceived, evolving, type Mutant, mutant, noDeadline, not } from "./mutant.ts";

export const replyMutants: readonly Mutant[] = [
  mutant(
    "stale-preparation-kept",
    "a reply prepared for half a turn is kept for the whole of it",
    "replies",
    (real) => ({
      ...evolving<RepliesState>((_own, fact, next) =>
        fact.type === "reply-requested"
          ? { ...next, active: next.active.map((reply) => ({ ...reply, basis: null })) }
          : next,
      )(real),
      ...not<RepliesState>((decision, fact) => fact.type === "speech-started" && decision.type === "reply-discarded")(
        real,
      ),
    }),
  ),
  mutant(
    "preparation-not-dropped",
    "a reply that was prepared in vain is not discarded",
    "replies",
    not((decision) => decision.type === "reply-discarded" && decision.reason === "turn-went-on"),
  ),
  mutant(
    "prepares-without-end",
    "a reply is prepared at every pause of a turn",
    "replies",
    deceived((state) => ({
      ...state,
      settings: { ...state.settings, speculation: { policy: "at-pause", maxPerTurn: 99 } },
    })),
  ),
  mutant(
    "tools-without-end",
    "the model is asked again as often as it calls tools",
    "replies",
    deceived((state) => ({
      ...state,
      settings: { ...state.settings, maxToolSteps: 99 },
    })),
  ),
  mutant("no-stall-bound", "a reply that makes no progress is waited for without end", "replies", noDeadline("reply:")),
  mutant("greets-again", "after a recovery the greeting is said again", "replies", (replies) => ({
    decide: (state, fact) => {
      const decisions = replies.decide?.(state, fact) ?? [];
      if (fact.type !== "call-recovered") return decisions;
      const cause = { kind: "greeting" as const };
      const greeting = { replyId: "", cause, speculative: false, basis: null, text: "Hello.", interruptible: true };
      return renumbered(state, [{ type: "reply-requested", ...greeting }, ...decisions]);
    },
  })),
  mutant(
    "spoken-twice",
    "a sentence that is told twice is synthesised twice",
    "replies",
    evolving((own, fact, next) => (fact.type === "speech-requested" ? own : next)),
  ),
  mutant(
    "typed-unanswered",
    "a typed message gets no answer",
    "replies",
    not(
      (decision, _fact, state) =>
        decision.type === "reply-requested" &&
        decision.cause.kind === "turn" &&
        state.turns.committed.at(-1)?.endMs === state.turns.committed.at(-1)?.committedAt,
    ),
  ),
  mutant(
    "cut-short",
    "a reply counts as finished once its sound is made",
    "replies",
    deceived((state) => {
      const { current } = state.playback;
      if (!current?.audible) return state;
      return {
        ...state,
        playback: { current: { ...current, drained: true, heardMs: Math.max(current.heardMs, 9e9) } },
      };
    }),
  ),
  mutant(
    "failure-not-ended",
    "a reply that failed before it sounded is never discarded",
    "replies",
    not((decision) => decision.type === "reply-discarded" && decision.reason === "failed"),
  ),
  mutant("not-taken-up", "what was cut by a dying process is not taken up again", "replies", (replies) => ({
    decide: (state, fact) =>
      renumbered(
        state,
        (replies.decide?.(state, fact) ?? []).filter(
          (decision) => decision.type !== "reply-requested" || decision.cause.kind !== "resume",
        ),
      ),
  })),
  mutant(
    "answers-before-the-author",
    "a reply is asked for while the author still looks at the turn",
    "replies",
    deceived((state) => ({
      ...state,
      turns: {
        ...state.turns,
        committed: state.turns.committed.map((turn) => ({ ...turn, status: "ready" as const })),
      },
    })),
  ),
  mutant("made-means-heard", "the end of a reply reports all of its sound as heard", "replies", (replies) => ({
    decide: (state, fact) =>
      (replies.decide?.(state, fact) ?? []).map((decision) => {
        if (decision.type !== "reply-finished") return decision;
        const reply = state.replies.active.find((one) => one.replyId === decision.replyId);
        return { ...decision, heardMs: reply?.sentences.reduce((sum, one) => sum + (one.ms ?? 0), 0) ?? 0 };
      }),
  })),
  mutant(
    "silent-film",
    "a text call waits for the sound of its sentences",
    "replies",
    evolving((_own, fact, next) =>
      fact.type === "reply-sentence"
        ? {
            ...next,
            active: next.active.map((reply) => ({
              ...reply,
              sentences: reply.sentences.map((one) => (one.ms === 0 ? { ...one, ms: null } : one)),
            })),
          }
        : next,
    ),
  ),
];

/** Replies of a changed list are numbered as the rules number them. */
function renumbered(state: RuleState, decisions: readonly Decision[]): Decision[] {
  let number = state.replies.requested;
  return decisions.map((decision) =>
    decision.type === "reply-requested" ? { ...decision, replyId: `r${++number}` } : decision,
  );
}
