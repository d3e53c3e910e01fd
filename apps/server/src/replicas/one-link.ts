import type { ReplicaEvents, ReplicaLink } from "@parley/store";

/** One link to the other replicas for several who speak over it; each hears everything. Closed when the first one closes. */
export function oneLink(join: (events: ReplicaEvents) => ReplicaLink): (events: ReplicaEvents) => ReplicaLink {
  const all: ReplicaEvents[] = [];
  let link: ReplicaLink | null = null;
  return (events) => {
    all.push(events);
    link ??= join({
      up: () => all.forEach((each) => void each.up()),
      down: () => all.forEach((each) => void each.down()),
      leading: (term) => all.forEach((each) => void each.leading(term)),
      message: (from, text) => all.forEach((each) => void each.message(from, text)),
    });
    return link;
  };
}
