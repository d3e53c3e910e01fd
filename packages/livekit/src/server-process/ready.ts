import { setTimeout as delay } from "node:timers/promises";

/** True when GET / on this port answers 200, as a livekit-server that can take rooms does. */
export async function isHealthy(port: number, timeoutMs = 2000): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** Waits until the server is healthy; false when `deadlineMs` passed or `gone` says that there is nothing to wait for. */
export async function becomesHealthy(port: number, deadlineMs: number, gone: () => boolean): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!gone()) {
    if (await isHealthy(port)) return !gone();
    if (performance.now() > deadline) return false;
    await delay(30);
  }
  return false;
}
