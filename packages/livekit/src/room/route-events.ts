import { type AudioStream, Room } from "@livekit/rtc-node";
import { type Log, messageOf, silentLog } from "../log.ts";
import { decodeFramesQuickly } from "./frame-events.ts";
import {
  type FfiClient,
  type FfiEvent,
  type FfiListener,
  ffiClient,
  ffiEventType,
  redirectRtcLog,
} from "./rtc-internals.ts";

/*
 * rtc-node 1.1.0 hands every event of the process (a hundred audio events a second for each call) to every Room, and
 * each Room takes a promise mutex for each of them: the work grows with the square of the calls (measured: ten joins at
 * once take 3.5 s and 547 MiB as it is, 2.1 s and 119 MiB routed). Here a Room gets only what is its own, and an
 * AudioStream only its own frames. Should a later version be built differently, everything runs the plain way.
 */

const EVENT = "ffi_event";

interface RoomInternals {
  onFfiEvent?: FfiListener;
  ffiHandle?: { handle: bigint };
}

class EventRouter {
  readonly #client: FfiClient;
  readonly #log: Log;
  /** Rooms of ours by their listener; those in `#listening` want events now. */
  readonly #rooms = new Map<FfiListener, Room>();
  readonly #listening = new Set<FfiListener>();
  readonly #roomByHandle = new Map<bigint, FfiListener>();
  readonly #streams = new Map<bigint, FfiListener>();
  /** Everybody else (waits for one answer, readers of data streams, other libraries): they get everything. */
  readonly #others = new Set<FfiListener>();
  #building: { listener?: FfiListener; handle?: bigint } | null = null;

  constructor(client: FfiClient, log: Log) {
    this.#client = client;
    this.#log = log;
    for (const listener of client.listeners(EVENT)) this.#others.add(listener as FfiListener);
    const plain = { on: client.on, off: client.off, emit: client.emit };
    client.on = client.addListener = (name, listener) => {
      if (name === EVENT) this.#add(listener);
      else plain.on.call(client, name, listener);
      return client;
    };
    client.off = client.removeListener = (name, listener) => {
      if (name === EVENT) this.#remove(listener);
      else plain.off.call(client, name, listener);
      return client;
    };
    client.emit = (name, event) => (name === EVENT ? this.#route(event) : plain.emit.call(client, name, event));
  }

  get listenerCount(): number {
    return this.#listening.size + this.#streams.size + this.#others.size;
  }

  adopt(room: Room): void {
    const { onFfiEvent } = internals(room);
    if (onFfiEvent) this.#rooms.set(onFfiEvent, room);
  }

  forget(room: Room): void {
    const { onFfiEvent } = internals(room);
    if (!onFfiEvent) return;
    this.#remove(onFfiEvent);
    this.#rooms.delete(onFfiEvent);
  }

  /** Learns which handle the stream got and which listener is its own by watching its construction. */
  build(create: () => AudioStream): AudioStream {
    const building: { listener?: FfiListener; handle?: bigint } = {};
    const plain = this.#client.request;
    this.#building = building;
    this.#client.request = (request) => {
      const response = plain.call(this.#client, request);
      if (request.message.case === "newAudioStream") {
        building.handle = (response as { stream?: { handle?: { id?: bigint } } }).stream?.handle?.id as bigint;
      }
      return response;
    };
    try {
      return create();
    } finally {
      this.#building = null;
      this.#client.request = plain;
      const { listener, handle } = building;
      if (listener && handle !== undefined) this.#streams.set(handle, listener);
      else if (listener) this.#others.add(listener);
    }
  }

  #add(listener: FfiListener): void {
    if (this.#building && !this.#building.listener) this.#building.listener = listener;
    else if (this.#rooms.has(listener)) this.#listening.add(listener);
    else this.#others.add(listener);
  }

  #remove(listener: FfiListener): void {
    if (this.#others.delete(listener)) return;
    if (this.#listening.delete(listener)) {
      for (const [handle, owner] of this.#roomByHandle) if (owner === listener) this.#roomByHandle.delete(handle);
      return;
    }
    for (const [handle, owner] of this.#streams) if (owner === listener) this.#streams.delete(handle);
  }

  #route(event: FfiEvent): boolean {
    const { case: kind, value } = event.message;
    if (kind === "audioStreamEvent") {
      const listener = this.#streams.get((value as { streamHandle: bigint }).streamHandle);
      if (listener) this.#deliver(listener, event);
    } else if (kind === "roomEvent") {
      this.#toRoom((value as { roomHandle: bigint }).roomHandle, event);
    } else if (kind === "rpcMethodInvocation") {
      for (const listener of [...this.#listening]) this.#deliver(listener, event);
    } else if (kind === "panic") {
      this.#log.error({ panic: String((value as { message?: string }).message) }, "the native WebRTC library panicked");
    }
    for (const listener of this.#others) this.#deliver(listener, event);
    return true;
  }

  #toRoom(handle: bigint, event: FfiEvent): void {
    const owner = this.#roomByHandle.get(handle) ?? this.#findOwner(handle);
    if (owner) {
      this.#deliver(owner, event);
      return;
    }
    // A Room that is still connecting does not know its handle: the event may be its own.
    for (const listener of [...this.#listening]) {
      if (this.#handleOf(listener) === undefined) this.#deliver(listener, event);
    }
  }

  #findOwner(handle: bigint): FfiListener | undefined {
    for (const listener of this.#listening) {
      if (this.#handleOf(listener) !== handle) continue;
      this.#roomByHandle.set(handle, listener);
      return listener;
    }
    return undefined;
  }

  #handleOf(listener: FfiListener): bigint | undefined {
    return internals(this.#rooms.get(listener)!).ffiHandle?.handle;
  }

  /** One listener's failure, now or in its promise, must not reach the others or end the process. */
  #deliver(listener: FfiListener, event: FfiEvent): void {
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch((error) => this.#failed(event, error));
    } catch (error) {
      this.#failed(event, error);
    }
  }

  #failed(event: FfiEvent, error: unknown): void {
    this.#log.warn({ event: event.message.case, error: messageOf(error) }, "rtc-node failed on an event");
  }
}

function internals(room: Room): RoomInternals {
  return room as unknown as RoomInternals;
}

let router: EventRouter | null | undefined;

function routing(log: Log = silentLog): EventRouter | null {
  if (router === undefined) {
    redirectRtcLog(log);
    const client = typeof internals(new Room()).onFfiEvent === "function" ? ffiClient() : null;
    router = client && new EventRouter(client, log);
    const events = router && ffiEventType();
    if (events && !decodeFramesQuickly(events)) log.debug({}, "frames of sound are decoded the general way");
    if (!router)
      log.warn({}, "this rtc-node is built differently: its events are not routed, many calls will cost more");
  }
  return router;
}

/** A Room whose events are its own. `log` of the first call also gets what concerns the whole process. */
export function newRoom(log: Log): Room {
  const active = routing(log);
  const room = new Room();
  active?.adopt(room);
  return room;
}

/** Builds an AudioStream that gets its own frames only. */
export function routedStream(create: () => AudioStream): AudioStream {
  const active = routing();
  return active ? active.build(create) : create();
}

/** A Room that the server ended never takes its listener off by itself: every later call would be slower. */
export function forgetRoom(room: Room): void {
  room.removeAllListeners();
  const { onFfiEvent } = internals(room);
  const active = routing();
  if (active) active.forget(room);
  else if (onFfiEvent) ffiClient()?.off(EVENT, onFfiEvent);
}

/** How many listeners the native library's events have in this process; null where that is not known. For tests. */
export function rtcListenerCount(): number | null {
  return routing()?.listenerCount ?? null;
}
