import { ParticipantInfo_Kind } from "@livekit/protocol";
import { asking, isUnsent, type RoomApiOptions } from "./asking.ts";

/** What LiveKit writes on an agent that came by a job. */
const AGENT_NAME = "lk.agent_name";

/**
 * LiveKit asks for the agent of a dispatch once: when every worker has refused, nobody comes any more. This asks again, by
 * a new dispatch in place of that one. False: somebody came, or the dispatch or its room is gone. LiveKit shows who took a
 * dispatch up to 5 s after it was made (agent.CheckEnabledTimeout): to be asked later than that. Throws ParleyError.
 */
export async function dispatchAgain(
  options: RoomApiOptions,
  { room, dispatchId }: { room: string; dispatchId: string },
): Promise<boolean> {
  const ask = asking(options);
  const what = `look at a dispatch of ${room}`;
  // Asked for a room that is not there, the others wait for a second, and don't say so.
  const [there] = await ask(what, ({ rooms }) => rooms.listRooms([room]));
  if (there === undefined) return false;
  const known = await ask(what, ({ dispatches }) => dispatches.getDispatch(dispatchId, room));
  // It lists the jobs that workers took, and no others.
  if (known === undefined || (known.state?.jobs.length ?? 0) > 0) return false;
  const { agentName, metadata, restartPolicy, deployment } = known;
  const people = await ask(what, ({ rooms }) => rooms.listParticipants(room));
  const isIt = ({ kind, attributes }: (typeof people)[number]) =>
    kind === ParticipantInfo_Kind.AGENT && (attributes[AGENT_NAME] ?? "") === agentName;
  if (people.some(isIt)) return false;
  // Asked twice, it would bring two agents.
  await ask(
    `dispatch ${agentName} to ${room} again`,
    ({ dispatches }) => dispatches.createDispatch(room, agentName, { metadata, restartPolicy, deployment }),
    isUnsent,
  );
  await ask(`delete a dispatch of ${room}`, ({ dispatches }) => dispatches.deleteDispatch(dispatchId, room));
  return true;
}
