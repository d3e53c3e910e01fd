import { dispose } from "@livekit/rtc-node";

/**
 * Ends the native WebRTC library, which else keeps the process alive for ever. The last thing a program does with this
 * package: no room can be joined afterwards. Does nothing in a process that never joined one.
 */
export async function releaseWebRtc(): Promise<void> {
  if (!("_ffiClientInstance" in globalThis)) return;
  await dispose();
}
