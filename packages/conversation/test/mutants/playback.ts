import { deceived, everybody, evolving, type Mutant, mutant, noDeadline, not } from "./mutant.ts";

export const playbackMutants: readonly Mutant[] = [
  mutant(
    "talks-over",
    "a reply begins while somebody has the floor",
    "playback",
    deceived((state) => (state.playback.current ? state : { ...state, turns: { ...state.turns, open: [] } })),
  ),
  mutant(
    "talks-to-nobody",
    "a reply begins before anybody has subscribed",
    "playback",
    deceived((state) => everybody(state, { ready: true })),
  ),
  mutant(
    "not-ducked",
    "the voice does not fall when somebody speaks over it",
    "playback",
    not((decision) => decision.type === "reply-ducked"),
  ),
  mutant(
    "resumes-into-speech",
    "a paused reply goes on while somebody speaks",
    "playback",
    deceived((state) => {
      const silent = everybody(state, { speakingSinceMs: null });
      return state.playback.current?.phase === "paused" ? { ...silent, turns: { ...state.turns, open: [] } } : state;
    }),
  ),
  mutant(
    "resumes-over-words",
    "a paused reply goes on although what was said is more than a sound",
    "playback",
    deceived((state) => ({
      ...state,
      turns: {
        ...state.turns,
        open: state.turns.open.map((turn) => ({
          ...turn,
          segments: turn.segments.map((part) => ({ ...part, text: "" })),
        })),
      },
    })),
  ),
  mutant(
    "not-stopped",
    "a reply goes on over a turn that interrupts it",
    "playback",
    not((decision) => decision.type === "reply-stopped" && decision.reason === "interrupted"),
  ),
  mutant(
    "stop-forgotten",
    "a stopped reply is taken to be playing",
    "playback",
    evolving((own, fact, next) => (fact.type === "reply-stopped" ? own : next)),
  ),
  mutant(
    "pause-forgotten",
    "a paused reply makes room for the next one",
    "playback",
    evolving((_own, fact, next) => (fact.type === "reply-paused" ? { current: null } : next)),
  ),
  mutant("no-stop-bound", "the mouth's answer to a stop is waited for without end", "playback", noDeadline("stop:")),
  mutant("ducked-for-good", "after a short noise the voice stays low", "playback", noDeadline("unduck:")),
  mutant(
    "not-confirmed",
    "speech over the agent never makes it fall silent by its length",
    "playback",
    noDeadline("confirm:"),
  ),
  mutant(
    "deaf-to-operators",
    "an operator's interruption changes nothing",
    "playback",
    not((decision) => decision.type === "reply-stopped" && decision.reason === "requested"),
  ),
  mutant(
    "never-resumed",
    "a reply that was paused for nothing is not resumed",
    "playback",
    not((decision, _fact, state) => decision.type === "reply-resumed" && state.playback.current?.phase === "paused"),
  ),
  mutant(
    "interrupts-everything",
    "what must not be interrupted is interrupted",
    "playback",
    deceived((state) => ({
      ...state,
      replies: { ...state.replies, active: state.replies.active.map((reply) => ({ ...reply, interruptible: true })) },
    })),
  ),
  mutant(
    "speaks-into-the-void",
    "a reply goes on when the last listener has left",
    "playback",
    not((decision) => decision.type === "reply-paused" && decision.because === "nobody-listens"),
  ),
  mutant(
    "unapproved",
    "a prepared reply sounds before its turn is committed as it was answered",
    "playback",
    deceived((state) => ({
      ...state,
      turns: { ...state.turns, open: [] },
      replies: {
        ...state.replies,
        active: state.replies.active.map((reply) =>
          reply.speculative ? { ...reply, cause: { kind: "greeting" as const } } : reply,
        ),
      },
    })),
  ),
];
