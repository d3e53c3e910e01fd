import { isSessionRoom, ParleyError } from "@parley/engine";
import { mintAgentToken, type RoomApi, type RoomApiOptions, roomApi } from "@parley/livekit";
import type { FastifyInstance } from "fastify";
import { HttpProblem } from "./http/problem.ts";

/** A page waits for the answer, and so does a load balancer. */
const ASK_MS = 3_000;

export interface LiveKitAccess {
  /** Where the server reaches it. */
  url: string;
  /** Where browsers reach it. */
  publicUrl: string;
  apiKey: string;
  apiSecret: string;
  rooms: Rooms;
  /** Hands a telephone caller to somebody else, see RoomApi. */
  transferCaller: RoomApi["transferCaller"];
}

/** What the server asks LiveKit for, and tells it. */
export type Rooms = Pick<RoomApi, "listParticipants" | "listRooms" | "deleteRoom" | "createDispatch">;

/** Browsers open a WebSocket, so that is the scheme they are told. */
export function liveKitAccess(
  livekit: Pick<RoomApiOptions, "url" | "fallbackUrls" | "apiKey" | "apiSecret">,
  publicUrl: string | null,
  rooms: Rooms = roomApi({ ...livekit, timeoutMs: ASK_MS }),
): LiveKitAccess {
  const { transferCaller } = roomApi(livekit);
  return { ...livekit, publicUrl: (publicUrl ?? livekit.url).replace(/^http/, "ws"), rooms, transferCaller };
}

/** For the worker that takes a call over; of one that is in no room there is nothing to enter. */
export async function seatToken(
  { apiKey, apiSecret }: Pick<LiveKitAccess, "apiKey" | "apiSecret">,
  { room, identity }: { room: string; identity: string },
): Promise<string> {
  return isSessionRoom(room) ? "none" : mintAgentToken({ apiKey, apiSecret, room, identity });
}

/** The people in a room (no recorder is one), and whether an agent is there. Throws ParleyError. */
export async function whoWaitsIn(rooms: Pick<Rooms, "listParticipants">, room: string) {
  const present = await rooms.listParticipants(room).catch((error: unknown) => {
    if (error instanceof ParleyError && error.code === "livekit-not-found") return [];
    throw error;
  });
  const people = present.filter(({ kind }) => kind === "standard" || kind === "sip").length;
  return { people, hasAgent: present.some(({ kind }) => kind === "agent") };
}

/** The identities in a room, or null when nobody is there and it does not exist. Throws ParleyError. */
export async function whoIsIn(livekit: LiveKitAccess, room: string): Promise<string[] | null> {
  try {
    const present = (await livekit.rooms.listParticipants(room)).map((participant) => participant.identity);
    // LiveKit answers for a room that does not exist as for one without people.
    return present.length === 0 ? null : present;
  } catch (error) {
    if (error instanceof ParleyError && error.code === "livekit-not-found") return null;
    throw error;
  }
}

/** LIVEKIT_ENABLED=false: nobody is anywhere, and nothing can be asked for. */
export function withoutLiveKit(): LiveKitAccess {
  const off = (): never => {
    throw new ParleyError(LIVEKIT_IS_OFF, { code: "livekit-disabled", category: "provider" });
  };
  const rooms: Rooms = {
    listParticipants: async () => [],
    listRooms: async () => [],
    deleteRoom: async () => undefined,
    createDispatch: async () => off(),
  };
  const transferCaller = async () => off();
  return { url: "", publicUrl: "ws://127.0.0.1", apiKey: "", apiSecret: "", rooms, transferCaller };
}

export const LIVEKIT_IS_OFF = "LiveKit is switched off here (LIVEKIT_ENABLED=false): nobody can be called.";
const NEEDS_LIVEKIT = /^\/(livekit|webhooks\/livekit|api\/token|api\/calls\/[^/?]+\/transfer)(\/|\?|$)/;
/** In a session nobody is in any room. */
const NEEDS_NONE = /^\/livekit\/process-voice(\?|$)/;

/** Routes that are about LiveKit say that it is off, to those who might use them. */
export function refuseLiveKitRoutes(app: FastifyInstance): void {
  app.addHook("onRequest", async ({ url, is404 }) => {
    if (!is404 && NEEDS_LIVEKIT.test(url) && !NEEDS_NONE.test(url))
      throw new HttpProblem(503, "livekit-disabled", LIVEKIT_IS_OFF);
  });
}
