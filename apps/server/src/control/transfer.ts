import { ParleyError } from "@parley/engine";
import { HttpProblem } from "../http/problem.ts";
import type { LiveKitAccess } from "../livekit.ts";

/** Hands a telephone caller of the room to somebody else; resolves when that one has answered. Throws HttpProblem. */
export async function transferCaller(
  { rooms, transferCaller: handOver }: Pick<LiveKitAccess, "rooms" | "transferCaller">,
  room: string,
  { to, participantId }: { to: string; participantId?: string | undefined },
): Promise<string> {
  const present = await rooms.listParticipants(room).catch(nobody);
  const callers = present
    .filter(({ kind, identity }) => kind === "sip" && (participantId === undefined || identity === participantId))
    .map(({ identity }) => identity);
  const [caller, ...others] = callers;
  if (caller === undefined) {
    const detail = "Only who calls by telephone (SIP) can be transferred, and no such caller is in the room.";
    throw new HttpProblem(409, "not-a-phone-call", detail);
  }
  if (others.length > 0) {
    const detail = `Several people are on the telephone: name one as participantId (${callers.slice(0, 10).join(", ")}).`;
    throw new HttpProblem(409, "several-callers", detail);
  }
  try {
    await handOver(room, caller, to);
  } catch (error) {
    if (error instanceof ParleyError && error.category === "refused")
      throw new HttpProblem(409, "not-a-phone-call", "LiveKit does not know this telephone caller any more.");
    if (error instanceof ParleyError && error.category === "provider")
      throw new HttpProblem(
        502,
        "transfer-failed",
        `Nobody took the call there, or LiveKit has no SIP service running; the caller is still with the agent. ${error.message}`,
      );
    throw error;
  }
  return caller;
}

function nobody(error: unknown): [] {
  if (error instanceof ParleyError && error.code === "livekit-not-found") return [];
  throw error;
}
