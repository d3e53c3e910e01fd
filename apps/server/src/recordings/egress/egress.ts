import type { Clock } from "@parley/engine";
import type { EgressApi, EgressState } from "@parley/livekit";
import type { CallRow, EgressRow, Store } from "@parley/store";
import type { ServerLog } from "../../log.ts";
import type { StoragePlace } from "../config.ts";
import { type JoinOptions, newObject } from "../join/join.ts";
import type { RecordingStorage } from "../storage/storage.ts";
import { targetOf } from "./target.ts";

const LOOK_MS = 30_000;
/** A row without an egress: whoever asked for it has had its answer by then, or died. */
const UNANSWERED_MS = 60_000;
/** LiveKit forgets what is over, and a file may take long to be put where it goes. */
const GIVE_UP_MS = 6 * 3_600_000;
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 10 * 60_000;
const MOST_CALLS = 10_000;

export interface EgressOptions {
  store: Pick<Store, "calls" | "facts" | "egressRecordings">;
  egress: EgressApi;
  place: StoragePlace;
  storage: RecordingStorage;
  clock: Clock;
  log: ServerLog;
  seen: JoinOptions["seen"];
}

/**
 * Has LiveKit's Egress record what the calls' logs say is recorded: from `on` until it is paused, off, or the call over.
 * What was missed (a webhook, an answer, this process) is put right every half minute. Harmless on several replicas.
 */
export interface EgressRecorder {
  /** This call is recorded from now on, or no longer. */
  changed(callId: string): void;
  /** LiveKit says how an egress fares. */
  told(state: EgressState): void;
  /** Looks at everything that is open; resolves when it is done. Never rejects. */
  lookAtAll(): Promise<void>;
  /** Idempotent. */
  close(): void;
}

export function recordByEgress(options: EgressOptions): EgressRecorder {
  const { store, egress, storage, clock, log } = options;
  const { egressRecordings: recordings } = store;
  /** What happens of one call, one after the other. */
  const running = new Map<string, Promise<void>>();
  const failures = new Map<string, { count: number; retryAtMs: number }>();
  let isClosed = false;
  let cancel = (): void => {};

  function inTurn(callId: string, run: () => Promise<void>): Promise<void> {
    const before = running.get(callId) ?? Promise.resolve();
    const after = before.then(run).catch((error: unknown) => {
      log.warn({ callId, err: error }, "what is recorded of a call could not be looked at; tried again in a moment");
    });
    running.set(callId, after);
    void after.then(() => {
      if (running.get(callId) === after) running.delete(callId);
    });
    return after;
  }

  /** Starts or stops, so that it is as the call's log says. */
  async function settle(callId: string): Promise<void> {
    const call = await store.calls.get(callId);
    const open = await recordings.openOf(callId);
    const wanted = call?.status === "live" && call.room !== null && (await isOn(callId));
    const current = open.find(({ stoppingAt }) => stoppingAt === null);
    if (wanted && current === undefined) await start(call);
    if (wanted) return;
    for (const { recordingId, egressId } of open) {
      if (egressId === null) continue;
      await recordings.stopping(recordingId);
      await egress.stop(egressId);
    }
  }

  async function isOn(callId: string): Promise<boolean> {
    let to: unknown = "off";
    for (let afterSeq: number | null = 0; afterSeq !== null; ) {
      const page = await store.facts.read(callId, { afterSeq, limit: 1_000, types: ["recording-changed"] });
      to = page.facts.at(-1)?.to ?? to;
      afterSeq = page.nextAfterSeq;
    }
    return to === "on";
  }

  async function start({ callId, room }: CallRow): Promise<void> {
    const failed = failures.get(callId);
    if (room === null || (failed !== undefined && clock.now() < failed.retryAtMs)) return;
    const object = newObject("egress");
    const begun = await recordings.begin(callId, { storage: storage.name, object });
    if (begun === null) return;
    const { recordingId } = begun;
    try {
      const { egressId } = await egress.start(room, targetOf(options.place, object));
      await recordings.started(recordingId, egressId);
      failures.delete(callId);
      log.info({ callId, recordingId, egressId }, "LiveKit's Egress records a call");
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const count = (failed?.count ?? 0) + 1;
      const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LONGEST_RETRY_MS);
      if (failures.size >= MOST_CALLS) failures.clear();
      failures.set(callId, { count, retryAtMs: clock.now() + retryMs });
      options.seen("waits", 0, message);
      log.error(
        { callId, recordingId, retryMs, err: error },
        "a call is not recorded: LiveKit's Egress does not begin",
      );
      // Without an answer it may record all the same: that shows when LiveKit is asked.
      if ((error as { code?: string }).code !== "livekit-timeout") await recordings.failed(recordingId, message);
    }
  }

  async function ended(row: EgressRow, state: EgressState): Promise<void> {
    const { recordingId, callId, object, callStartedAt } = row;
    const { file } = state;
    if (state.status !== "complete" && state.status !== "failed") return;
    const bytes = state.status === "complete" && object !== null ? await storage.size(object) : null;
    if (file === null || bytes === null || object === null) {
      const lost = `Egress says that it is in ${file?.path ?? "no file"}, where this server does not find it`;
      const error = state.error || (state.status === "failed" ? "Egress failed" : lost);
      options.seen("failed", 0, error);
      log.error({ callId, recordingId, egressId: state.egressId, error }, "LiveKit's Egress made no recording");
      return recordings.failed(recordingId, error);
    }
    const startMs = Math.max(0, file.startedAt - callStartedAt.getTime());
    const about = { startMs, durationMs: file.durationMs, bytes, contentType: "audio/ogg" };
    if (!(await recordings.ready(recordingId, { storage: storage.name, object, ...about }))) return;
    options.seen("ready", bytes);
    log.info({ callId, recordingId, bytes, storage: storage.name }, "a recording is ready");
  }

  /** What LiveKit says of those that no webhook has told of. */
  async function ask(row: EgressRow): Promise<void> {
    const { recordingId, egressId, object, room, createdAt } = row;
    const ageMs = clock.wall() - createdAt.getTime();
    if (room === null || (egressId === null && ageMs < UNANSWERED_MS)) return;
    const path = object === null ? null : targetOf(options.place, object).path;
    const known = await egress.list(room);
    const state = known.find((one) => (egressId === null ? one.file?.path === path : one.egressId === egressId));
    if (state !== undefined) {
      if (egressId === null) await recordings.started(recordingId, state.egressId);
      return ended(row, state);
    }
    if (egressId === null) return recordings.failed(recordingId, "LiveKit has no egress of it");
    if (ageMs > GIVE_UP_MS && row.callEnded) await recordings.failed(recordingId, "LiveKit has forgotten the egress");
  }

  async function lookAtAll(): Promise<void> {
    try {
      const open = await recordings.open();
      for (const row of open) await inTurn(row.callId, () => ask(row));
      const callIds = new Set(open.map(({ callId }) => callId));
      for (let afterCallId = ""; !isClosed; ) {
        const live = await store.calls.listLive({ limit: 500, afterCallId });
        for (const { callId } of live) callIds.add(callId);
        if (live.length < 500) break;
        afterCallId = live.at(-1)!.callId;
      }
      for (const callId of callIds) await inTurn(callId, () => settle(callId));
    } catch (error) {
      log.warn(
        { err: error },
        "what LiveKit's Egress records could not be looked through; tried again in half a minute",
      );
    }
  }

  function tick(): void {
    void lookAtAll().finally(() => {
      if (!isClosed) cancel = clock.after(LOOK_MS, tick);
    });
  }
  cancel = clock.after(0, tick);

  return {
    changed: (callId) => void (isClosed || inTurn(callId, () => settle(callId))),
    told(state) {
      if (isClosed) return;
      void (async () => {
        const row = await recordings.find(state.egressId);
        // Whoever asked for it may not have noted its id yet; then it is asked for later.
        if (row !== null) await inTurn(row.callId, () => ended(row, state));
      })().catch((error: unknown) => log.warn({ err: error }, "an egress's end could not be noted; it is asked for"));
    },
    lookAtAll,
    close() {
      isClosed = true;
      cancel();
    },
  };
}
