import { randomBytes } from "node:crypto";
import { ParleyError } from "@parley/engine/error";

/** Whoever could take the agent's identity would evict it from the room; `sip_` belongs to callers by telephone. */
const RESERVED = ["agent-", "sip_"];
/** livekit-server's own limits (config.go: max_participant_identity_length, max_room_name_length). */
const MAX_NAME_LENGTH = 256;

/** The identity under which the agent of a job joins; the same for every process that ever takes the call over. */
export function agentIdentity(jobId: string): string {
  return `agent-${jobId}`;
}

/** An identity nobody else has, for a caller who did not bring one. */
export function randomIdentity(): string {
  return `caller-${randomBytes(9).toString("base64url")}`;
}

/** Throws ParleyError `identity-reserved` or `identity-invalid`. */
export function checkJoinerIdentity(identity: string): void {
  const reserved = RESERVED.find((prefix) => identity.toLowerCase().startsWith(prefix));
  if (reserved !== undefined) {
    throw new ParleyError(
      `The identity "${identity}" begins with "${reserved}", which is kept for agents and telephone callers. Choose another.`,
      { code: "identity-reserved", category: "refused" },
    );
  }
  checkLength("identity", identity, "identity-invalid");
}

/** Throws ParleyError `room-invalid`. */
export function checkRoomName(room: string): void {
  checkLength("room name", room, "room-invalid");
}

function checkLength(what: string, value: string, code: string): void {
  if (value.trim() !== "" && value.length <= MAX_NAME_LENGTH) return;
  const problem = value.trim() === "" ? "is empty" : `has ${value.length} characters, ${MAX_NAME_LENGTH} are allowed`;
  throw new ParleyError(`The ${what} ${problem}.`, { code, category: "refused" });
}
