import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { type BrowserCall, type CallOptions, type CallSnapshot, createCall } from "../index.ts";

/** The snapshot, spread out, and the call with its methods. */
export type UsedCall = CallSnapshot & { call: BrowserCall };

/**
 * A call that lives as long as the component: rendered anew on every change, hung up on unmount. Options are read once,
 * or a finished call may be given instead; give what changes (agent, name) to `call.join()`.
 */
export function useCall(source: CallOptions | BrowserCall): UsedCall {
  const [call] = useState(() => ("subscribe" in source ? source : createCall(source)));
  const snapshot = useSyncExternalStore(call.subscribe, call.getSnapshot, call.getSnapshot);
  useEffect(() => () => void call.leave(), [call]);
  return useMemo(() => ({ ...snapshot, call }), [snapshot, call]);
}
