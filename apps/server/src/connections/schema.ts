import { z } from "zod";
import { tenantId, time } from "../http/page.ts";

const MOST_METADATA = 4_096;
const name = z.string().trim().min(1).max(256);
export const language = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, { error: "a BCP 47 tag such as en or pt-BR" });
const connectionId = z.string().min(1).max(64);
const status = z.enum(["created", "active", "ended", "failed", "expired"]);

export const createRoomRequest = z.object({
  participantName: name,
  agentId: z.string().min(1).max(128).describe("A code agent's name, or a stored agent's id"),
  voiceLanguage: language.nullish(),
  tenantId: tenantId.nullish().describe("Whose; only a key of every tenant may say it"),
  metadata: z
    .record(z.string(), z.unknown())
    .refine((value) => JSON.stringify(value).length <= MOST_METADATA, {
      error: `metadata may have ${MOST_METADATA} characters as JSON`,
    })
    .nullish()
    .describe("The agent gets it as the call's metadata"),
});
export type CreateRoomRequest = z.infer<typeof createRoomRequest>;

export const joinRoomRequest = z
  .object({ connectionId: connectionId.nullish(), roomName: name.nullish(), participantName: name })
  .refine(({ connectionId, roomName }) => (connectionId == null) !== (roomName == null), {
    error: "name either connectionId or roomName",
  });
export type JoinRoomRequest = z.infer<typeof joinRoomRequest>;

/** What somebody needs to enter the room. */
export const roomEntry = z.object({
  connectionId: z.string(),
  roomName: z.string(),
  accessToken: z.string().describe("For this one person; a join may begin with it for 15 minutes"),
  serverUrl: z.string(),
  status,
});

export const endCallRequest = z.object({ connectionId });
export const connectionParams = z.object({ id: connectionId });
export const connectionStatus = z.object({
  connectionId: z.string(),
  roomName: z.string(),
  agentId: z.string(),
  tenantId: z.string().nullable(),
  callId: z.string(),
  status,
  startedAt: time.nullable().describe("The first person's coming"),
  endedAt: time.nullable(),
  endReason: z.string().nullable(),
});

export const stats = z.object({
  active: z.int(),
  total: z.int(),
  byStatus: z.record(status, z.int()),
  averageMs: z.int().nullable().describe("Of the calls that ended, from the first person's coming to the end"),
  errors: z.int(),
});

export const connectRequest = z.object({
  room_name: name,
  participant_name: name.nullish().describe("Told to the agent as the call's metadata, participantName"),
  agentId: z.string().min(1).max(128).nullish().describe("Default: the server's first agent"),
});
export const connectAnswer = z.object({ connectionId: z.string(), room_name: z.string(), status });

export const disconnectRequest = z
  .object({ room_name: name.nullish(), connectionId: connectionId.nullish() })
  .refine(({ connectionId, room_name }) => (connectionId == null) !== (room_name == null), {
    error: "name either connectionId or room_name",
  });

export const roomsQuery = z.object({ room_name: name.optional() });
const track = z.object({
  sid: z.string(),
  name: z.string(),
  kind: z.enum(["audio", "video", "data"]),
  muted: z.boolean(),
});
export const roomsAnswer = z.object({
  rooms: z.array(
    z.object({
      room_name: z.string(),
      agent: z.object({ identity: z.string(), state: z.string().nullable() }).nullable(),
      participants: z.array(
        z.object({
          identity: z.string(),
          name: z.string(),
          kind: z.enum(["standard", "sip", "agent", "other"]),
          joinedAt: time,
        }),
      ),
      tracks: z.array(track.extend({ identity: z.string() })),
      since: time,
    }),
  ),
});
