import type { Clock } from "@parley/engine";
import type { ConnectionRow, Store } from "@parley/store";
import type { LiveKitAccess } from "../livekit.ts";
import type { ServerLog } from "../log.ts";
import { GRACE_MS, settle } from "./settle.ts";

const LOOK_MS = 60_000;
/** Several events of a room come at once: it is looked at when they are all here, and no later than this. */
const GATHER_MS = 100;
const MAX_ROOMS = 10_000;
const KEEP_EVENTS_MS = 7 * 24 * 3_600_000;
const KEEP_ANSWERS_MS = 24 * 3_600_000;

export interface KeepOptions {
  store: Pick<Store, "connections" | "calls" | "livekitEvents" | "idempotency">;
  livekit: Pick<LiveKitAccess, "rooms">;
  clock: Clock;
  log: ServerLog;
  /** A connection that nobody has entered by then is over. */
  expiryMs: number;
  /** Who left may come back within it. Default: as long as an agent waits. */
  graceMs?: number | undefined;
}

/** Sees to it that connections are what LiveKit and the calls' logs say, and that what is over is cleared away. */
export interface ConnectionKeeper {
  /** Something happened in this room. */
  happened(roomName: string): void;
  /** Looks at everything that is open now; resolves when it is done. What every replica does once a minute, harmlessly. */
  lookAtAll(): Promise<void>;
  /** Idempotent. */
  close(): void;
}

export function keepConnections(options: KeepOptions): ConnectionKeeper {
  const { store, livekit, clock, log, expiryMs, graceMs = GRACE_MS } = options;
  const waiting = new Set<string>();
  const timers = new Set<() => void>();
  let isClosed = false;
  const settling = { store, livekit, now: () => clock.wall(), graceMs };

  function after(ms: number, run: () => void): void {
    const cancel = clock.after(ms, () => {
      timers.delete(cancel);
      if (!isClosed) run();
    });
    timers.add(cancel);
  }

  async function look(roomName: string): Promise<void> {
    try {
      const rows = await store.connections.open({ roomName });
      for (const row of rows) await settle(row, settling);
      const left = (await store.connections.open({ roomName })).some(
        ({ emptySince, status }) => status === "active" && emptySince,
      );
      // When whoever left can no longer come back.
      if (left) after(graceMs, () => happened(roomName));
    } catch (error) {
      log.warn({ room: roomName, err: error }, "a room could not be looked at; tried again within a minute");
    }
  }

  function happened(roomName: string): void {
    if (isClosed || waiting.has(roomName) || waiting.size >= MAX_ROOMS) return;
    waiting.add(roomName);
    after(GATHER_MS, () => {
      waiting.delete(roomName);
      void look(roomName);
    });
  }

  async function lookAtAll(): Promise<void> {
    try {
      const now = clock.wall();
      for (const { connectionId, callId, roomName, kind } of await store.connections.expire(
        new Date(now - expiryMs),
        new Date(now),
      )) {
        log.info({ callId, connectionId, room: roomName }, "a connection expired: nobody came");
        if (kind === "room") await livekit.rooms.deleteRoom(roomName);
      }
      let page: ConnectionRow[];
      let after = "";
      do {
        page = await store.connections.open({ after });
        for (const row of page) await settle(row, settling);
        after = page.at(-1)?.connectionId ?? "";
      } while (page.length > 0 && !isClosed);
      await store.livekitEvents.sweep(new Date(now - KEEP_EVENTS_MS));
      await store.idempotency.sweep(new Date(now - KEEP_ANSWERS_MS));
    } catch (error) {
      log.warn({ err: error }, "connections could not be looked through; tried again in a minute");
    }
  }

  function tick(): void {
    void lookAtAll().finally(() => {
      if (!isClosed) after(LOOK_MS, tick);
    });
  }
  tick();

  return {
    happened,
    lookAtAll,
    close() {
      isClosed = true;
      for (const cancel of timers) cancel();
      timers.clear();
    },
  };
}
