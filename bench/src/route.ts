import { AudioSource, type Room } from "@livekit/rtc-node";

interface FfiEvent {
  message: { case?: string };
}
type Listener = (event: FfiEvent) => void;
/** rtc-node's own event client; internal, as of 1.1.0. */
interface FfiClient {
  on(name: string, listener: Listener): unknown;
  addListener(name: string, listener: Listener): unknown;
  off(name: string, listener: Listener): unknown;
  removeListener(name: string, listener: Listener): unknown;
  emit(name: string, event: FfiEvent): boolean;
}
const ffiClient = () => (globalThis as { _ffiClientInstance?: FfiClient })._ffiClientInstance;

/**
 * rtc-node 1.1.0 gives every event of the process (100 audio events a second per call and more) to every Room, and each
 * Room takes a promise mutex for each event; a connecting Room keeps all of them. With N rooms in one process the work
 * grows with N squared. This gives a listener only the kinds of event it can use. For the callers and for the floor.
 */
export async function routeEvents(): Promise<void> {
  await new AudioSource(48_000, 1, 0).close(); // makes the client exist
  const client = ffiClient();
  if (client === undefined) throw new Error("rtc-node has no event client any more: bench/src/route.ts is out of date");
  const rooms = new Set<Listener>();
  const streams = new Set<Listener>();
  const others = new Set<Listener>();
  // Known by their form: a Room's listener is an async arrow, waitFor's is named, the streams' have no name.
  const bucket = (listener: Listener) =>
    listener.constructor.name === "AsyncFunction" ? rooms : listener.name === "" ? streams : others;
  client.on = client.addListener = (_name, listener) => bucket(listener).add(listener) && client;
  client.off = client.removeListener = (_name, listener) => {
    bucket(listener).delete(listener);
    return client;
  };
  client.emit = (_name, event) => {
    const kind = event.message.case;
    if (kind === "audioStreamEvent" || kind === "videoStreamEvent") {
      for (const listener of streams) listener(event);
      return true;
    }
    if (kind === "roomEvent" || kind === "rpcMethodInvocation") for (const listener of [...rooms]) listener(event);
    for (const listener of [...others]) listener(event);
    return true;
  };
}

/** A Room that the server ended keeps its listener for ever (`disconnect` returns early): take it off by hand. */
export function forget(room: Room): void {
  ffiClient()?.off("ffi_event", (room as unknown as { onFfiEvent: Listener }).onFfiEvent);
}
