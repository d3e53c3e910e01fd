import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Log } from "../log.ts";

/** One event of the native library, as far as it is looked at here. */
export interface FfiEvent {
  message: { case?: string; value?: unknown };
}

export type FfiListener = (event: FfiEvent) => unknown;

/** The class whose `fromBinary` rtc-node calls for every event. */
export interface FfiEventType {
  new (init: unknown): { toBinary(): Uint8Array };
  fromBinary(bytes: Uint8Array, options?: unknown): FfiEvent;
}

/** The single object through which rtc-node speaks to its native library; internal to rtc-node. */
export interface FfiClient {
  on(name: string, listener: FfiListener): unknown;
  addListener(name: string, listener: FfiListener): unknown;
  off(name: string, listener: FfiListener): unknown;
  removeListener(name: string, listener: FfiListener): unknown;
  emit(name: string, event: FfiEvent): boolean;
  listeners(name: string): unknown[];
  request(request: FfiEvent): unknown;
  waitFor<T>(matches: (event: FfiEvent) => boolean, options: { signal: AbortSignal }): Promise<T>;
}

const require = createRequire(import.meta.url);

/** A file of rtc-node that it does not export. Undefined when this version has none of that name. */
function internal(file: string): Record<string, unknown> | undefined {
  try {
    return require(join(dirname(require.resolve("@livekit/rtc-node")), file));
  } catch {
    return undefined;
  }
}

let known: FfiClient | null | undefined;

/** Null when this version of rtc-node is built differently. */
export function ffiClient(): FfiClient | null {
  // Looking for it asks the file system, and it is asked for several times a second in every call.
  if (known === undefined) known = findFfiClient();
  return known;
}

function findFfiClient(): FfiClient | null {
  try {
    const { FfiClient: type } = (internal("ffi_client.cjs") ?? {}) as { FfiClient?: { instance?: FfiClient } };
    const client = type?.instance;
    const complete =
      client &&
      (["on", "addListener", "off", "removeListener", "emit", "listeners", "request", "waitFor"] as const).every(
        (name) => typeof client[name] === "function",
      );
    return complete ? client : null;
  } catch {
    return null;
  }
}

/** The class of the native library's events. Undefined when this version of rtc-node is built differently. */
export function ffiEventType(): FfiEventType | undefined {
  try {
    const bindings = createRequire(require.resolve("@livekit/rtc-node"))("@livekit/rtc-ffi-bindings");
    return (bindings as { FfiEvent?: FfiEventType }).FfiEvent;
  } catch {
    return undefined;
  }
}

/**
 * rtc-node writes its own log to standard output, where a program's own lines belong: its warnings and errors go to
 * `log` instead, the rest nowhere.
 */
export function redirectRtcLog(log: Log): void {
  const rtcLog = internal("log.cjs")?.log as Record<string, unknown> | undefined;
  if (!rtcLog || typeof rtcLog.warn !== "function") return;
  rtcLog.level = "silent";
  const forward = (...args: unknown[]) => {
    const text = args.filter((arg) => typeof arg === "string").join(" ");
    const error = args.find((arg) => arg instanceof Error);
    log.debug({ source: "rtc-node", ...(error ? { error: error.message } : {}) }, text || "rtc-node warned");
  };
  rtcLog.warn = forward;
  rtcLog.error = forward;
}
