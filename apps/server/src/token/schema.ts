import { CONTROL_ATTRIBUTE, controlMethods } from "@parley/livekit";
import { z } from "zod";

const MAX_NAME_LENGTH = 256;
/** The token travels in the address of a WebSocket, which proxies cut somewhere above 8 KiB. */
const MAX_METADATA_LENGTH = 4_096;
const MAX_ATTRIBUTES = 64;
const CONTROL = /\p{Cc}/u;

const name = (what: string) =>
  z
    .string()
    .trim()
    .min(1, { error: `${what} is empty: leave it out to get one made` })
    .max(MAX_NAME_LENGTH, { error: `${what} has more than ${MAX_NAME_LENGTH} characters` })
    .refine((text) => !CONTROL.test(text), { error: `${what} holds control characters` })
    .nullish()
    .transform((text) => text ?? undefined);

const isControlMethod = (name: string) => controlMethods.some((method) => method === name);

/** LiveKit's standard token endpoint, https://docs.livekit.io/frontends/authentication/tokens/endpoint/ */
export const tokenRequest = z.object({
  room_name: name("room_name"),
  participant_identity: name("participant_identity").refine((text) => !/^(agent-|sip_)/i.test(text ?? ""), {
    error: 'identities that begin with "agent-" or "sip_" are kept for agents and telephone callers: choose another',
  }),
  participant_name: z.string().max(MAX_NAME_LENGTH).nullish(),
  /** The caller's context for the agent; JSON where it can be. */
  participant_metadata: z.string().max(MAX_METADATA_LENGTH).nullish(),
  participant_attributes: z
    .record(z.string().min(1).max(128), z.string().max(MAX_METADATA_LENGTH))
    .refine((attributes) => Object.keys(attributes).length <= MAX_ATTRIBUTES, {
      error: `at most ${MAX_ATTRIBUTES} attributes`,
    })
    .refine((attributes) => attributes[CONTROL_ATTRIBUTE]?.split(" ").every(isControlMethod) ?? true, {
      error: `${CONTROL_ATTRIBUTE} may name ${controlMethods.join(", ")}, with a space between`,
    })
    .refine((attributes) => JSON.stringify(attributes).length <= MAX_METADATA_LENGTH, {
      error: `attributes may have ${MAX_METADATA_LENGTH} characters together`,
    })
    .nullish(),
  /** LiveKit's RoomConfiguration as protobuf JSON; of it agents, metadata and max_participants are used. */
  room_config: z
    .record(z.string(), z.unknown())
    .refine((config) => JSON.stringify(config).length <= MAX_METADATA_LENGTH, {
      error: `room_config may have ${MAX_METADATA_LENGTH} characters`,
    })
    .nullish(),
});
export type TokenRequest = z.infer<typeof tokenRequest>;

export const tokenResponse = z.object({
  server_url: z.string(),
  participant_token: z.string(),
});
