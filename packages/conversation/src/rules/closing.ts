import type { Decision, Fact, FactOf } from "../facts/index.ts";
import type { ClosingState, Concern, Deadline, RuleState } from "./state.ts";
import { someoneIsThere } from "./views.ts";

/** For a process that goes on with a call to be back in its room; until then nobody can have left. */
const REJOIN_MS = 10_000;

/** How a call ends: asked to, everybody gone past the grace time, or nobody ever there. */
export const closing: Concern<ClosingState> = {
  initial: {
    phase: "open",
    reason: "",
    askedAt: 0,
    farewell: null,
    everJoined: false,
    emptySince: 0,
    exitSince: null,
    exited: false,
  },
  evolve(own, fact, state) {
    switch (fact.type) {
      case "participant-joined":
        return fact.kind === "agent" ? own : { ...own, everJoined: true };
      case "participant-left":
        return isLast(state, fact.participantId) ? { ...own, emptySince: fact.at } : own;
      case "call-recovered":
        return recovered({ ...own, emptySince: fact.at + REJOIN_MS, exitSince: null }, fact, state.muted);
      case "close-requested":
        return own.phase === "open" ? { ...own, phase: "asked", reason: fact.reason, askedAt: fact.at } : own;
      case "reply-requested":
        return own.farewell === "due" && fact.cause.kind === "say" ? { ...own, farewell: "asked" } : own;
      case "call-closing":
        return { ...own, phase: "closing", reason: fact.reason };
      case "exit-requested":
        return { ...own, exitSince: fact.at };
      // What onExit teaches is told when it has ended, so that a process that dies in it has taught nothing.
      case "context-updated":
        return own.exitSince === null ? own : { ...own, exited: true };
      case "exit-finished":
        return own.exitSince === null ? own : { ...own, exited: true };
      case "call-closed":
        return { ...own, phase: "closed" };
      default:
        return own;
    }
  },
  decide(state, fact) {
    switch (state.closing.phase) {
      case "open":
        return begin(state, fact);
      case "asked":
        return asked(state, fact);
      case "closing":
        return isDone(state) ? exit(state, fact) : [];
      case "closed":
        return [];
    }
  },
  deadlines(state) {
    const { closing: own, settings } = state;
    if (own.phase === "closing" && own.exitSince !== null)
      return [{ id: "exit", at: own.exitSince + settings.closing.exitMs }];
    if (own.phase === "closing" || own.phase === "closed") return [];
    const list: Deadline[] = [];
    if (own.phase === "asked") list.push({ id: "farewell", at: own.askedAt + settings.closing.farewellMs });
    if (!someoneIsThere(state))
      list.push(
        own.everJoined
          ? { id: `grace:${Math.round(own.emptySince)}`, at: own.emptySince + settings.closing.graceMs }
          : { id: "nobody-joined", at: own.emptySince + settings.closing.joinMs },
      );
    return list;
  },
};

function recovered(own: ClosingState, { farewell, at }: FactOf<"call-recovered">, muted: boolean): ClosingState {
  if (!farewell || own.phase === "closing") return own;
  const asked = own.phase === "open" ? { reason: farewell.reason, askedAt: at } : {};
  return { ...own, ...asked, phase: "asked", farewell: farewell.text.trim() === "" || muted ? "asked" : "due" };
}

function begin(state: RuleState, fact: Fact): readonly Decision[] {
  if (fact.type === "user-away") {
    const { hangUpAfter } = state.settings.away;
    return hangUpAfter > 0 && fact.times > hangUpAfter ? [{ type: "call-closing", reason: "user-away" }] : [];
  }
  return fact.type === "deadline-passed" ? left(state, fact.deadline) : [];
}

function asked(state: RuleState, fact: Fact): readonly Decision[] {
  const { reason } = state.closing;
  if (fact.type === "close-requested" && !fact.afterReply) return [{ type: "call-closing", reason }];
  if (fact.type === "deadline-passed" && fact.deadline === "farewell") return [{ type: "call-closing", reason }];
  // A farewell that is still being made or said, and words that are still being said, end first.
  const busy =
    state.closing.farewell === "due" ||
    state.replies.active.length + state.turns.open.length + state.turns.committed.length > 0;
  return busy ? left(state, fact.type === "deadline-passed" ? fact.deadline : "") : [{ type: "call-closing", reason }];
}

function left(state: RuleState, deadline: string): readonly Decision[] {
  if (someoneIsThere(state)) return [];
  if (deadline === "nobody-joined" && !state.closing.everJoined)
    return [{ type: "call-closing", reason: "nobody-joined" }];
  if (deadline === `grace:${Math.round(state.closing.emptySince)}`)
    return [{ type: "call-closing", reason: "participant-left" }];
  return [];
}

/** The last thing before the log is closed, where the author has anything to do then. */
function exit({ closing: own, settings }: RuleState, fact: Fact): readonly Decision[] {
  const closed: Decision = { type: "call-closed", reason: own.reason };
  if (settings.closing.exitMs === 0) return [closed];
  if (own.exitSince === null) return [own.exited ? closed : { type: "exit-requested" }];
  // The facts before the last are told before it is.
  if (fact.type === "exit-finished" || (fact.type === "deadline-passed" && fact.deadline === "exit")) return [closed];
  return [];
}

/** `state` is as it was before. Agents come and go unnoticed. */
function isLast(state: RuleState, participantId: string): boolean {
  const { people } = state.hearing;
  if (!people[participantId]?.present) return false;
  return Object.keys(people).every((id) => id === participantId || !people[id]?.present);
}

function isDone(state: RuleState): boolean {
  const { replies, turns, playback } = state;
  return replies.active.length + turns.open.length + turns.committed.length === 0 && playback.current === null;
}
