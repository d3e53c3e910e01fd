import type { Transport } from "../ports/index.ts";

/** Speech is kept well at this rate, and is small enough to be sent. */
const RATE_HZ = 24_000;
const MARK = "session~";

/** What stands for the room of a call that is in none: it is asked turn by turn. No room of a tenant has such a name. */
export const sessionRoom = (callId: string): string => `${MARK}${callId}`;
export const isSessionRoom = (room: string | null): boolean => room?.startsWith(MARK) ?? false;

/**
 * Nobody is on the line. What the agent says is heard as soon as it is made: whoever asked is given it as a whole, see
 * `Call.hear`.
 */
export function sessionTransport(): Transport {
  return {
    out: { sampleRateHz: RATE_HZ, write() {}, queuedMs: () => 0, clear() {} },
    text: { transcript() {}, chat() {}, state() {}, recording() {} },
    async open() {},
    async close() {},
  };
}
