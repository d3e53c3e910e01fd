import { evolving, type Mutant, mutant, noDeadline, not } from "./mutant.ts";

export const turnMutants: readonly Mutant[] = [
  mutant(
    "turn-stays-open",
    "a committed turn is still open",
    "turns",
    evolving((own, fact, next) => (fact.type === "turn-committed" ? { ...next, open: own.open } : next)),
  ),
  mutant("no-endpoint", "a silence never ends a turn", "turns", noDeadline("endpoint:")),
  mutant("no-transcript-bound", "a transcript is waited for without end", "turns", noDeadline("transcript:")),
  mutant(
    "no-turn-bound",
    "somebody who speaks without end is listened to without end",
    "turns",
    noDeadline("turn-long:"),
  ),
  mutant("no-review-bound", "the author's hook is waited for without end", "turns", noDeadline("review:")),
  mutant(
    "not-superseded",
    "an earlier turn that nobody has answered is left behind",
    "turns",
    not((decision) => decision.type === "turn-skipped" && decision.reason === "superseded"),
  ),
  mutant(
    "ended-and-kept",
    "a turn that was replied to is still waiting",
    "turns",
    evolving((own, fact, next) => (fact.type === "turn-replied" ? own : next)),
  ),
  mutant("words-in-reverse", "the stretches of a turn are put together in the wrong order", "turns", (turns) => ({
    decide: (state, fact) =>
      (turns.decide?.(state, fact) ?? []).map((decision) =>
        decision.type === "turn-committed" && decision.text.includes(". ")
          ? { ...decision, text: decision.text.split(". ").reverse().join(". ") }
          : decision,
      ),
  })),
  mutant(
    "impatient",
    "a turn is committed while its transcript is still being made",
    "turns",
    evolving((_own, fact, next) =>
      fact.type === "transcript-requested"
        ? {
            ...next,
            open: next.open.map((turn) =>
              turn.turnId === fact.turnId
                ? { ...turn, segments: turn.segments.map((part) => ({ ...part, status: "final" as const })) }
                : turn,
            ),
          }
        : next,
    ),
  ),
  mutant(
    "second-stretch-unheard",
    "what is said after a pause is not transcribed",
    "turns",
    not((decision) => decision.type === "transcript-requested" && decision.segment > 0),
  ),
  mutant(
    "deaf-to-typing",
    "a typed message in the middle of a reply is not taken in",
    "turns",
    not(
      (decision, fact, state) =>
        fact.type === "text-received" && decision.type === "turn-opened" && state.playback.current !== null,
    ),
  ),
  mutant(
    "left-behind-at-the-end",
    "turns that are open when the call ends get no end",
    "turns",
    not((_decision, fact) => fact.type === "call-closing"),
  ),
  mutant("network-for-ever", "a turn waits for a network that never comes back", "turns", (turns) => ({
    deadlines: (state) =>
      (turns.deadlines?.(state) ?? []).filter(
        ({ id }) =>
          !state.turns.open.some(
            (turn) =>
              id.startsWith(`endpoint:${turn.turnId}:`) && state.hearing.people[turn.participantId]?.network === "lost",
          ),
      ),
  })),
  mutant("late-verdict", "a verdict that comes too late skips a turn that is being answered", "turns", (turns) => ({
    decide: (state, fact) =>
      fact.type === "turn-reviewed" && fact.verdict === "skip"
        ? [{ type: "turn-skipped", turnId: fact.turnId, reason: "author" }]
        : (turns.decide?.(state, fact) ?? []),
  })),
];
