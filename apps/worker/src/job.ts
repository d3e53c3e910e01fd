import { randomUUID } from "node:crypto";
import type { CallContext } from "@parley/engine";
import type { JobOffer } from "@parley/livekit";

/** A callId becomes a file name, so nothing else is taken from outside. */
export const CALL_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

type Metadata = Record<string, unknown>;

function parsed(text: string): Metadata {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Metadata) : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/**
 * Whose call a job is. The dispatch's metadata wins over the room's; a missing callId, or one that could not be a file
 * name, is replaced by a fresh one (`foreign` then holds what was refused).
 */
export function callOf(
  offer: Pick<JobOffer, "metadata" | "room">,
  mint: () => string = randomUUID,
): { callId: string; foreign: string | null; context: CallContext } {
  const metadata = { ...parsed(offer.room.metadata), ...parsed(offer.metadata) };
  const given = text(metadata.callId);
  const usable = given !== null && CALL_ID.test(given);
  return {
    callId: usable ? given : mint(),
    foreign: usable ? null : given,
    context: {
      room: offer.room.name,
      agentId: text(metadata.agentId),
      tenantId: text(metadata.tenantId),
      language: text(metadata.language),
      from: text(metadata.from),
      to: text(metadata.to),
      metadata,
    },
  };
}
