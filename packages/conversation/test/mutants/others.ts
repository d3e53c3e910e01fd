import type { Fact } from "../../src/facts/index.ts";
import { deceived, evolving, type Mutant, mutant, noDeadline, not, wrapped } from "./mutant.ts";

export const otherMutants: readonly Mutant[] = [
  mutant(
    "effects-in-speculation",
    "a tool that does something runs for a reply that may be dropped",
    "tools",
    evolving((_own, fact, next) =>
      fact.type === "tool-called" ? { calls: next.calls.map((call) => ({ ...call, effectful: false })) } : next,
    ),
  ),
  mutant(
    "tool-started-twice",
    "a tool that was started is started again",
    "tools",
    evolving((own, fact, next) => (fact.type === "tool-started" ? own : next)),
  ),
  mutant("tool-run-again", "a tool that was running when the process died is run again", "tools", (tools) => ({
    evolve: (own, fact, state) =>
      fact.type === "call-recovered"
        ? { calls: own.calls.map((call) => (call.status === "started" ? { ...call, status: "called" } : call)) }
        : tools.evolve(own, fact, state),
    decide: (state, fact) =>
      fact.type === "call-recovered"
        ? state.tools.calls.map(({ toolCallId, replyId }) => ({
            type: "tool-started",
            toolCallId,
            replyId,
            idempotencyKey: toolCallId,
          }))
        : (tools.decide?.(state, fact) ?? []),
  })),
  mutant(
    "tool-left-running",
    "a tool goes on when its reply is over",
    "tools",
    not(
      (decision, fact) =>
        decision.type === "tool-cancelled" && (fact.type === "reply-discarded" || fact.type === "reply-finished"),
    ),
  ),
  mutant(
    "tool-left-at-the-end",
    "a tool goes on when the call is over",
    "tools",
    not((decision) => decision.type === "tool-cancelled"),
  ),
  mutant("no-tool-bound", "a tool is waited for without end", "tools", noDeadline("tool:")),
  mutant("no-grace-bound", "an empty call is kept for ever", "closing", noDeadline("grace:")),
  mutant("no-farewell-bound", "a farewell may take for ever", "closing", noDeadline("farewell")),
  mutant("no-exit-bound", "the author's onExit is waited for without end", "closing", noDeadline("exit")),
  mutant("closed-before-exit", "the log is closed before the author's onExit has run", "closing", (closing) => ({
    decide: (state, fact) =>
      (closing.decide?.(state, fact) ?? []).map((decision) =>
        decision.type === "exit-requested" ? { type: "call-closed", reason: state.closing.reason } : decision,
      ),
  })),
  mutant(
    "exit-run-twice",
    "the author's onExit is run again in the same process",
    "closing",
    deceived((state) => ({ ...state, closing: { ...state.closing, exitSince: null } })),
  ),
  mutant("closed-too-early", "the call is closed while something is still under way", "closing", (closing) => ({
    decide: (state, fact) =>
      state.closing.phase === "closing"
        ? [{ type: "call-closed", reason: "early" }]
        : (closing.decide?.(state, fact) ?? []),
  })),
  mutant(
    "not-closed",
    "the rules go on after call-closed",
    "closing",
    evolving((own, fact, next) => (fact.type === "call-closed" ? own : next)),
  ),
  mutant("agents-are-people", "another agent is listened to", "hearing", (hearing) => ({
    evolve: (own, fact, state) =>
      hearing.evolve(own, fact.type === "participant-joined" ? { ...fact, kind: "standard" } : fact, state),
  })),
  mutant(
    "ghosts",
    "somebody who left still counts as a listener",
    "hearing",
    evolving((own, fact, next) => (fact.type === "participant-left" ? own : next)),
  ),
  mutant(
    "remembered-people",
    "after a recovery everybody still counts as there",
    "hearing",
    evolving((own, fact, next) => (fact.type === "call-recovered" ? own : next)),
  ),
  mutant("noise-is-speech", "a fan keeps the agent silent for ever", "hearing", noDeadline("noise:")),
  mutant(
    "away-in-conversation",
    "a person counts as away while he is being answered",
    "away",
    deceived((state) => ({
      ...state,
      replies: { ...state.replies, active: [] },
      turns: { ...state.turns, committed: [] },
    })),
  ),
  mutant(
    "back-again-and-again",
    "a person who was never away comes back",
    "away",
    deceived((state) => ({
      ...state,
      away: { ...state.away, away: true },
    })),
  ),
  mutant(
    "agents-keep-it-open",
    "whoever leaves an empty call prolongs it",
    "closing",
    evolving((_own, fact, next) => (fact.type === "participant-left" ? { ...next, emptySince: fact.at } : next)),
  ),
  mutant(
    "recovered-into-an-empty-room",
    "a call that was recovered is over before its process can be back in the room",
    "closing",
    evolving((_own, fact, next) => (fact.type === "call-recovered" ? { ...next, emptySince: fact.at } : next)),
  ),
  mutant(
    "speaks-while-muted",
    "a muted agent prepares and says what it is asked to",
    "replies",
    deceived((state) => ({ ...state, muted: false })),
  ),
  mutant(
    "answers-while-muted",
    "what is said to a muted agent waits for an answer",
    "turns",
    not((decision) => decision.type === "turn-skipped" && decision.reason === "muted"),
  ),
  mutant(
    "muted-too-late",
    "what sounds when the agent is muted is said to its end",
    "playback",
    not((decision, fact) => decision.type === "reply-stopped" && fact.type === "mute-changed"),
  ),
  mutant(
    "recorded-unasked",
    "whatever a caller says is a yes, to a question that he has not heard too",
    "recording",
    evolving((own, fact, next) =>
      fact.type === "turn-committed" && own.now === "asking"
        ? { ...next, answer: { turnId: fact.turnId, participantId: fact.participantId, meaning: "yes" } }
        : next,
    ),
  ),
  mutant(
    "recorded-at-once",
    "a call whose caller is to be asked is recorded from the beginning",
    "recording",
    (own) => ({
      decide: (state, fact) =>
        fact.type === "call-started" && fact.settings.recording.mode === "ask"
          ? [{ type: "recording-changed", to: "on", because: "settings", by: null }]
          : (own.decide?.(state, fact) ?? []),
    }),
  ),
  wrapped("gap-in-the-log", "a number is left out now and then", (rules) => ({
    ...rules,
    step: (state, input, at) =>
      rules.step(input.type === "listener-ready" ? { ...state, seq: state.seq + 1 } : state, input, at),
  })),
  wrapped("time-goes-back", "a fact is older than the one before", (rules) => ({
    ...rules,
    step: (state, input, at) => {
      const result = rules.step(state, input, at);
      const older = (fact: Fact): Fact => (fact.type === "turn-committed" ? { ...fact, at: fact.at - 1 } : fact);
      return { ...result, facts: result.facts.map(older) };
    },
  })),
  wrapped("secret-state", "a decision rests on something that is not in the log", (rules) => {
    let committed = 0;
    return {
      ...rules,
      step: (state, input, at) => {
        const result = rules.step(state, input, at);
        committed += result.facts.filter((fact) => fact.type === "turn-committed").length;
        const change = (fact: Fact): Fact =>
          fact.type === "reply-requested" && committed % 3 === 2 ? { ...fact, interruptible: false } : fact;
        return { ...result, facts: result.facts.map(change) };
      },
    };
  }),
];
