import type { Concern, HearingState, Person } from "./state.ts";

/** Who is there, who can hear the agent, who speaks. Keyed by participant from the first day. */
export const hearing: Concern<HearingState> = {
  initial: { people: {} },
  evolve(own, fact) {
    switch (fact.type) {
      case "participant-joined":
        if (fact.kind === "agent") return own;
        return change(own, fact.participantId, { present: true, network: "ok" });
      case "participant-left":
        return known(own, fact.participantId, { present: false, ready: false, speakingSinceMs: null });
      case "network-changed":
        return known(own, fact.participantId, { network: fact.state === "lost" ? "lost" : "ok" });
      case "listener-ready":
        return known(own, fact.participantId, { ready: true });
      case "speech-started":
        return known(own, fact.participantId, { speakingSinceMs: fact.startMs });
      case "speech-ended":
        return known(own, fact.participantId, { speakingSinceMs: null });
      case "call-recovered": {
        // The new process has not met anyone yet: whoever is there joins again.
        const people: Record<string, Person> = {};
        for (const id of Object.keys(own.people)) people[id] = absent;
        return { people };
      }
      default:
        return own;
    }
  },
};

const absent: Person = { present: false, ready: false, network: "ok", speakingSinceMs: null };

function change(own: HearingState, id: string, to: Partial<Person>): HearingState {
  return { people: { ...own.people, [id]: { ...(own.people[id] ?? absent), ...to } } };
}

function known(own: HearingState, id: string, to: Partial<Person>): HearingState {
  return own.people[id] ? change(own, id, to) : own;
}
