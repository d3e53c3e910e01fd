import type { ParticipantInfo, RoomAgentDispatch } from "@livekit/protocol";
import { ParticipantInfo_Kind, TrackType } from "@livekit/protocol";
import { ParleyError } from "@parley/engine";
import { roomConfigFor } from "../token/room-config.ts";
import { asking, type Clients, isUnsent, type RoomApiOptions } from "./asking.ts";

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
  tracks: readonly RoomTrack[];
}

export interface RoomTrack {
  sid: string;
  name: string;
  kind: "audio" | "video" | "data";
  muted: boolean;
}

export interface ListedRoom {
  name: string;
  /** See parseRoomMetadata. */
  metadata: string;
  /** Unix ms. */
  createdAt: number;
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
  /**
   * Hands a telephone caller to another number or address (`tel:+15550100`, `sip:…`); resolves when that one has
   * answered, and the caller has left the room. Takes up to 25 s. Throws ParleyError `livekit-request-failed` when nobody
   * took the call there: the caller is still in the room.
   */
  transferCaller(room: string, identity: string, to: string): Promise<void>;
  /** Asks for an agent; it comes, or not, later. Creates the room when it is not there. */
  createDispatch(room: string, agentName: string, metadata?: string): Promise<{ dispatchId: string }>;
}

/** For whoever is called to answer, and for LiveKit to say so, s. */
const RINGING_S = 20;
const TRANSFER_S = 25;

export function roomApi(options: RoomApiOptions): RoomApi {
  const ask = asking(options);
  const unlessMissing = async (what: string, request: (clients: Clients) => Promise<void>) => {
    try {
      await ask(what, request);
    } catch (error) {
      if (!(error instanceof ParleyError && error.code === "livekit-not-found")) throw error;
    }
  };

  return {
    createRoom: (request) =>
      ask(`create room ${request.name}`, async ({ rooms }) => {
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
    deleteRoom: (name) => unlessMissing(`delete room ${name}`, ({ rooms }) => rooms.deleteRoom(name)),
    listRooms: () =>
      ask("list the rooms", async ({ rooms }) =>
        (await rooms.listRooms()).map(({ name, metadata, creationTime, creationTimeMs }) => ({
          name,
          metadata,
          createdAt: Number(creationTimeMs) || Number(creationTime) * 1000,
        })),
      ),
    listParticipants: (room) =>
      ask(`list the participants of ${room}`, async ({ rooms }) =>
        (await rooms.listParticipants(room)).map(roomParticipant),
      ),
    removeParticipant: (room, identity) =>
      unlessMissing(`remove ${identity} from ${room}`, ({ rooms }) => rooms.removeParticipant(room, identity)),
    transferCaller: (room, identity, to) =>
      ask(
        `transfer ${identity} of ${room}`,
        async ({ sip }) => {
          const times = { ringingTimeout: RINGING_S, timeout: TRANSFER_S };
          await sip.transferSipParticipant(room, identity, to, { playDialtone: true, ...times });
        },
        // Asked twice, two telephones would ring.
        isUnsent,
        TRANSFER_S * 1_000,
      ),
    createDispatch: (room, agentName, metadata = "") =>
      ask(
        `dispatch ${agentName} to ${room}`,
        async ({ dispatches }) => {
          const dispatch = await dispatches.createDispatch(room, agentName, { metadata });
          return { dispatchId: dispatch.id };
        },
        // Asked twice, it would bring two agents.
        isUnsent,
      ),
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
    tracks: info.tracks.map(({ sid, name, type, muted }) => ({ sid, name, kind: TRACKS[type] ?? "data", muted })),
  };
}

const TRACKS = { [TrackType.AUDIO]: "audio", [TrackType.VIDEO]: "video", [TrackType.DATA]: "data" } as const;
