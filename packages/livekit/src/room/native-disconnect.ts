import type { Room } from "@livekit/rtc-node";
import type { Clock } from "@parley/engine";
import { ffiClient } from "./rtc-internals.ts";

const TIMEOUT_MS = 5000;

/**
 * Releases the native half of a room that the server ended. rtc-node 1.1.0 does so only for rooms that it leaves
 * itself (`disconnect` returns at once when it is not connected): of the others each local track keeps a thread that
 * ticks every 10 ms, for as long as the process lives. Never throws.
 */
export async function disconnectNative(room: Room, clock: Clock): Promise<void> {
  const client = ffiClient();
  const roomHandle = (room as unknown as { ffiHandle?: { handle?: bigint } }).ffiHandle?.handle;
  if (!client || roomHandle === undefined) return;
  const late = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => late.abort());
  try {
    const { asyncId } = client.request({ message: { case: "disconnect", value: { roomHandle } } }) as {
      asyncId: bigint;
    };
    await client.waitFor(
      ({ message }) => message.case === "disconnect" && (message.value as { asyncId: bigint }).asyncId === asyncId,
      { signal: late.signal },
    );
  } catch {
    // Released already, or this version knows no such request: there is nothing more to do about it.
  } finally {
    cancel();
  }
}
