import type { Fact } from "../facts/index.ts";
import type { AwayState, Concern, RuleState } from "./state.ts";
import { someoneIsThere, speakingSince } from "./views.ts";

/** A person who says nothing for a while is away: shown, perhaps asked, perhaps hung up on. */
export const away: Concern<AwayState> = {
  initial: { lastActivityAt: 0, away: false, times: 0 },
  evolve(own, fact) {
    switch (fact.type) {
      case "speech-started":
      case "text-received":
      case "dtmf-received":
        return { lastActivityAt: fact.at, away: own.away, times: 0 };
      case "speech-ended":
      case "listener-ready":
      case "participant-joined":
      case "reply-finished":
      case "playback-progress":
      case "call-recovered":
      case "mute-changed":
        return { ...own, lastActivityAt: fact.at };
      case "user-away":
        return { lastActivityAt: fact.at, away: true, times: fact.times };
      case "user-back":
        return { ...own, away: false };
      default:
        return own;
    }
  },
  decide(state, fact) {
    const { away: own, closing } = state;
    if (closing.phase !== "open") return [];
    if (isSign(fact) && own.away) return [{ type: "user-back" }];
    if (fact.type !== "deadline-passed" || fact.deadline !== awayId(state) || !isQuiet(state)) return [];
    return [{ type: "user-away", times: own.times + 1 }];
  },
  deadlines(state) {
    const { settings, away: own } = state;
    if (settings.away.afterMs === 0 || state.closing.phase !== "open" || !isQuiet(state)) return [];
    // Shown once; asked again only if there is something to say.
    if (own.away && settings.away.prompt === null) return [];
    return [{ id: awayId(state), at: own.lastActivityAt + settings.away.afterMs }];
  },
};

/** That somebody is there. */
function isSign({ type }: Fact): boolean {
  return type === "speech-started" || type === "text-received" || type === "dtmf-received";
}

function awayId(state: RuleState): string {
  return `away:${Math.round(state.away.lastActivityAt)}`;
}

function isQuiet(state: RuleState): boolean {
  const { turns, replies } = state;
  // Who is not answered need not speak.
  if (state.muted) return false;
  const nothing = turns.open.length + turns.committed.length + replies.active.length === 0;
  return nothing && speakingSince(state) === null && someoneIsThere(state);
}
