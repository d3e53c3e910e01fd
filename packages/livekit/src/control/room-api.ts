import type { ParticipantInfo, RoomAgentDispatch } from "@livekit/protocol";
import { ParticipantInfo_Kind } from "@livekit/protocol";
import { ParleyError } from "@parley/engine";
import { AgentDispatchClient, RoomServiceClient, ServerError } from "livekit-server-sdk";
import { roomConfigFor } from "../token/room-config.ts";

export interface RoomApiOptions {
  /** ws, wss, http or https. */
  url: string;
  apiKey: string;
  apiSecret: string;
  /** Per request. Default 10,000. */
  timeoutMs?: number;
}

export interface CreateRoomRequest {
  name: string;
  metadata?: string;
  emptyTimeoutS?: number;
  departureTimeoutS?: number;
  maxParticipants?: number;
  agents?: readonly { agentName: string; metadata?: string }[];
}

export interface RoomParticipant {
  identity: string;
  name: string;
  kind: "standard" | "sip" | "agent" | "other";
  /** Unix ms. */
  joinedAt: number;
  metadata: string;
  attributes: Readonly<Record<string, string>>;
}

export interface ListedRoom {
  name: string;
  /** See parseRoomMetadata. */
  metadata: string;
}

/** LiveKit's room service, as far as Parley uses it. Every method throws ParleyError and ends within its time-out. */
export interface RoomApi {
  /** Creates the room or returns the one that is there; resolves to its sid. */
  createRoom(request: CreateRoomRequest): Promise<{ sid: string }>;
  /** A room that is not there is as good as deleted. */
  deleteRoom(name: string): Promise<void>;
  /** All that are there, with and without people. */
  listRooms(): Promise<ListedRoom[]>;
  listParticipants(room: string): Promise<RoomParticipant[]>;
  /** Puts somebody out; they may come back. Nobody there is fine. */
  removeParticipant(room: string, identity: string): Promise<void>;
  /** Asks for an agent; it comes, or not, later. Creates the room when it is not there. */
  createDispatch(room: string, agentName: string, metadata?: string): Promise<{ dispatchId: string }>;
}

export function roomApi(options: RoomApiOptions): RoomApi {
  const { url, apiKey, apiSecret, timeoutMs = 10_000 } = options;
  const host = url.replace(/^ws/, "http");
  const requestOptions = { requestTimeout: Math.max(1, Math.ceil(timeoutMs / 1000)) };
  const rooms = new RoomServiceClient(host, apiKey, apiSecret, requestOptions);
  const dispatches = new AgentDispatchClient(host, apiKey, apiSecret, requestOptions);

  const ask = async <T>(what: string, request: () => Promise<T>): Promise<T> => {
    try {
      return await request();
    } catch (error) {
      throw asRoomError(error, what, host, timeoutMs);
    }
  };
  const unlessMissing = async (what: string, request: () => Promise<void>) => {
    try {
      await ask(what, request);
    } catch (error) {
      if (!(error instanceof ParleyError && error.code === "livekit-not-found")) throw error;
    }
  };

  return {
    createRoom: (request) =>
      ask(`create room ${request.name}`, async () => {
        const room = await rooms.createRoom({
          name: request.name,
          ...(request.metadata === undefined ? {} : { metadata: request.metadata }),
          ...(request.emptyTimeoutS === undefined ? {} : { emptyTimeout: request.emptyTimeoutS }),
          ...(request.departureTimeoutS === undefined ? {} : { departureTimeout: request.departureTimeoutS }),
          ...(request.maxParticipants === undefined ? {} : { maxParticipants: request.maxParticipants }),
          ...(request.agents === undefined ? {} : { agents: dispatchList(request.agents) }),
        });
        return { sid: room.sid };
      }),
    deleteRoom: (name) => unlessMissing(`delete room ${name}`, () => rooms.deleteRoom(name)),
    listRooms: () =>
      ask("list the rooms", async () => (await rooms.listRooms()).map(({ name, metadata }) => ({ name, metadata }))),
    listParticipants: (room) =>
      ask(`list the participants of ${room}`, async () => (await rooms.listParticipants(room)).map(roomParticipant)),
    removeParticipant: (room, identity) =>
      unlessMissing(`remove ${identity} from ${room}`, () => rooms.removeParticipant(room, identity)),
    createDispatch: (room, agentName, metadata = "") =>
      ask(`dispatch ${agentName} to ${room}`, async () => {
        const dispatch = await dispatches.createDispatch(room, agentName, { metadata });
        return { dispatchId: dispatch.id };
      }),
  };
}

function dispatchList(agents: NonNullable<CreateRoomRequest["agents"]>): RoomAgentDispatch[] {
  return roomConfigFor(agents).agents;
}

function roomParticipant(info: ParticipantInfo): RoomParticipant {
  const kinds: Partial<Record<ParticipantInfo_Kind, RoomParticipant["kind"]>> = {
    [ParticipantInfo_Kind.STANDARD]: "standard",
    [ParticipantInfo_Kind.SIP]: "sip",
    [ParticipantInfo_Kind.AGENT]: "agent",
  };
  return {
    identity: info.identity,
    name: info.name,
    kind: kinds[info.kind] ?? "other",
    joinedAt: Number(info.joinedAtMs) || Number(info.joinedAt) * 1000,
    metadata: info.metadata,
    attributes: info.attributes,
  };
}

function asRoomError(error: unknown, what: string, host: string, timeoutMs: number): ParleyError {
  if (error instanceof ServerError) {
    const said = `LiveKit at ${host} refused to ${what}: ${error.message} (${error.status})`;
    if (error.status === 401 || error.status === 403) {
      return new ParleyError(`${said}. Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET.`, {
        code: "livekit-unauthorised",
        category: "unauthorised",
        cause: error,
      });
    }
    if (error.status === 404) {
      return new ParleyError(said, { code: "livekit-not-found", category: "refused", cause: error });
    }
    const retryable = error.status >= 500 || error.status === 429;
    return new ParleyError(said, { code: "livekit-request-failed", category: "provider", retryable, cause: error });
  }
  if (error instanceof Error && error.name === "TimeoutError") {
    return new ParleyError(`LiveKit at ${host} did not ${what} within ${timeoutMs} ms.`, {
      code: "livekit-timeout",
      category: "timeout",
      retryable: true,
      cause: error,
    });
  }
  return new ParleyError(`LiveKit at ${host} could not be reached to ${what}. Check LIVEKIT_URL.`, {
    code: "livekit-unreachable",
    category: "network",
    retryable: true,
    cause: error,
  });
}
