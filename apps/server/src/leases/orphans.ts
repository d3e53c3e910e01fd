import type { CallRow } from "@parley/store";
import { workerOf } from "../agents/stored.ts";
import type { LiveKitAccess } from "../livekit.ts";
import type { FoundCall } from "./book/lease-book.ts";

/** Calls of the store that are looked at, and that are taken up, in one search. */
const MAX_SEEN = 5_000;
const MAX_FOUND = 200;
const PAGE = 500;

export interface OrphanSearch {
  listLive(page: { limit: number; afterCallId: string; idleMs: number }): Promise<CallRow[]>;
  rooms: LiveKitAccess["rooms"];
  /** Calls of which facts came lately are not orphans yet. */
  idleMs: number;
  isKnown(callId: string): boolean;
  /** Agents that the call has had, by name, after its first one; the newest comes last. */
  agentsSince(callId: string): Promise<readonly string[]>;
  /** What the connected workers are registered as. */
  workerAgents(): readonly string[];
}

/** Calls that the store holds as live and nobody leases. Whoever is found in their rooms is not asked: only looked up. */
export async function findOrphans(search: OrphanSearch): Promise<FoundCall[]> {
  const { listLive, rooms, idleMs, isKnown } = search;
  const found: FoundCall[] = [];
  let afterCallId = "";
  for (let seen = 0; seen < MAX_SEEN && found.length < MAX_FOUND; seen += PAGE) {
    const page = await listLive({ limit: PAGE, afterCallId, idleMs });
    for (const { callId, lastEpoch: epoch, room, agent } of page) {
      // Without a room nobody can go on with it, and it stays as it is.
      if (room === null || isKnown(callId) || found.length >= MAX_FOUND) continue;
      found.push({
        callId,
        epoch,
        room,
        agentName: agent && runBy([agent, ...(await search.agentsSince(callId))], search.workerAgents()),
        identity: await agentIn(rooms, room, callId),
      });
    }
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) break;
    afterCallId = last.callId;
  }
  return found;
}

/** The newest of the call's agents that is a worker's; of the others the workers of an earlier one know: they are colleagues. */
export function runBy(agents: readonly string[], workerAgents: readonly string[]): string {
  const names = agents.map(workerOf);
  return names.findLast((name) => workerAgents.includes(name)) ?? names[0] ?? "";
}

/** The identity under which its agent is, or was, in the room: whoever joins with it takes the ghost's place. */
async function agentIn(rooms: LiveKitAccess["rooms"], room: string, callId: string): Promise<string> {
  const agents = (await rooms.listParticipants(room)).filter(({ kind }) => kind === "agent");
  const ours = agents.find(({ identity }) => identity.startsWith("agent-")) ?? agents[0];
  return ours?.identity ?? `agent-${callId}`;
}
