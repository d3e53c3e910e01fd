import { settingsSchema } from "@parley/conversation";
import { parseMetadata, parseRoomMetadata } from "@parley/livekit";
import type { ShippedFact } from "@parley/uplink";
import type { WaitingCall } from "../leases/book/lease-book.ts";

/**
 * The log of a call that nobody ever ran: it began when its caller's patience did, and ended `waitedMs` later for
 * `reason`. Nobody else writes into it.
 */
export function unservedLog(call: WaitingCall, reason: string, waitedMs: number, wallMs: number): ShippedFact[] {
  const { callId, room, agentName, metadata } = call;
  const { agentId, tenantId, language, from, to } = parseRoomMetadata(metadata);
  const given = parseMetadata(metadata);
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  const envelope = (seq: number, at: number) => ({ callId, epoch: 1, seq, at, version: 1 });
  return [
    {
      ...envelope(1, 0),
      type: "call-started",
      agent: agentName,
      agentId,
      room,
      tenantId,
      language: language ?? "",
      from,
      to,
      metadata: isObject ? given : {},
      wallMs: wallMs - waitedMs,
      greeting: null,
      settings: settingsSchema.parse({}),
    },
    { ...envelope(2, waitedMs), type: "call-closing", reason },
    { ...envelope(3, waitedMs), type: "call-closed", reason },
  ];
}
