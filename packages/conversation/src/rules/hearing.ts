import type { Concern, Deadline, HearingState, Person } from "./state.ts";

/** A stretch that goes on after no longer than this has not paused: it is as long as both parts. */
const BREATH_MS = 200;

/** Who is there, who can hear the agent, who speaks. Keyed by participant from the first day. */
export const hearing: Concern<HearingState> = {
  initial: { people: {}, connection: "excellent" },
  evolve(own, fact) {
    switch (fact.type) {
      case "participant-joined":
        if (fact.kind === "agent") return own;
        return change(own, fact.participantId, { present: true, network: "ok", connection: "excellent" });
      case "participant-left":
        return known(own, fact.participantId, { present: false, ready: false, speakingSinceMs: null });
      case "network-changed":
        return known(own, fact.participantId, { network: fact.state === "lost" ? "lost" : "ok" });
      case "connection-quality-changed":
        if (fact.participantId === null) return { ...own, connection: fact.quality };
        return known(own, fact.participantId, { connection: fact.quality });
      case "listener-ready":
        // Even before the join was told: who never counts as ready is never spoken to.
        return change(own, fact.participantId, { ready: true });
      case "speech-started": {
        const person = own.people[fact.participantId];
        if (!person?.present) return own;
        const { spokeUntilMs } = person;
        const breath = spokeUntilMs !== null && fact.startMs - spokeUntilMs <= BREATH_MS;
        // Told again, late: it has not begun earlier for that.
        const speakingSinceMs = Math.max(fact.startMs, person.speakingSinceMs ?? 0);
        const stretchSinceMs = breath ? (fact.resumesMs ?? speakingSinceMs) : speakingSinceMs;
        return change(own, fact.participantId, { speakingSinceMs, stretchSinceMs });
      }
      case "speech-ended":
        return known(own, fact.participantId, { speakingSinceMs: null, spokeUntilMs: fact.endMs });
      case "deadline-passed":
        return quieten(own, fact.deadline);
      case "call-recovered": {
        // The new process has not met anyone yet: whoever is there joins again.
        const people: Record<string, Person> = {};
        for (const id of Object.keys(own.people)) people[id] = absent;
        return { people, connection: "excellent" };
      }
      default:
        return own;
    }
  },
  deadlines(state) {
    const list: Deadline[] = [];
    for (const [id, { speakingSinceMs }] of Object.entries(state.hearing.people))
      if (speakingSinceMs !== null)
        list.push({ id: noiseId(id, speakingSinceMs), at: speakingSinceMs + state.settings.bounds.turnMs });
    return list;
  },
};

function noiseId(participantId: string, sinceMs: number): string {
  return `noise:${Math.round(sinceMs)}:${participantId}`;
}

/** Whoever "speaks" without end (a fan, a radio) is taken to be silent: he must not keep the agent silent. */
function quieten(own: HearingState, deadline: string): HearingState {
  for (const [id, { speakingSinceMs }] of Object.entries(own.people))
    if (speakingSinceMs !== null && deadline === noiseId(id, speakingSinceMs))
      return change(own, id, { speakingSinceMs: null });
  return own;
}

const absent: Person = {
  present: false,
  ready: false,
  network: "ok",
  connection: "excellent",
  speakingSinceMs: null,
  stretchSinceMs: 0,
  spokeUntilMs: null,
};

function change(own: HearingState, id: string, to: Partial<Person>): HearingState {
  return { ...own, people: { ...own.people, [id]: { ...(own.people[id] ?? absent), ...to } } };
}

function known(own: HearingState, id: string, to: Partial<Person>): HearingState {
  return own.people[id] ? change(own, id, to) : own;
}
