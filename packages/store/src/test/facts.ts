import { callStarted } from "@parley/testkit/facts";
import type { StoredFact } from "../facts/fact.ts";

export const JUNE = Date.UTC(2026, 5, 30, 23, 59, 59);

/** A plain log: call-started, then `speech-started` facts, seq from `first` to `last`. */
export function log(callId: string, first: number, last: number, epoch = 1, wallMs = JUNE): StoredFact[] {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const seq = first + index;
    const envelope = { callId, epoch, seq, at: seq * 10, version: 1 };
    return seq === 1
      ? { ...envelope, ...callStarted({ wallMs, agent: "front desk", room: "room-1", from: "+1555" }) }
      : { ...envelope, type: "speech-started", participantId: `p${seq}` };
  });
}
