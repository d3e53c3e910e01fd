import { rmSync } from "node:fs";
import type { Clock } from "@parley/engine";
import { mintAgentToken } from "@parley/livekit/worker";
import { logFilesOf, nextLogFile } from "./call-files.ts";
import type { WorkerConfig } from "./config.ts";
import type { Log } from "./log.ts";
import type { CallAssignment } from "./messages.ts";
import type { ShardPool } from "./shard-pool.ts";
import type { ShardPlace, Slot, Slots } from "./slots.ts";
import { charge } from "./suspects.ts";

/** Processes that may die of a call before it is only told goodbye. */
const MOST_CRASHES = 2;
/** Starts of a shard of its own that fail before the call is given up. */
const MOST_STARTS = 3;
/** For any shard to become ready. */
const PLACE_MS = 60_000;

export interface RecoveryOptions {
  config: WorkerConfig;
  callsDir: string;
  slots: Slots;
  pool: Pick<ShardPool, "startAlone" | "shards">;
  clock: Clock;
  log: Log;
  places(): ShardPlace[];
  /** The last epoch of the call that this worker knows of. */
  lastEpoch(callId: string): number | undefined;
  /** Gives the slot's call to a shard. */
  begin(slot: Slot, shardId: number, call: CallAssignment): void;
  /** Nothing more can be done for it: its log was ended, its slot is to be freed. */
  lost(slot: Slot, why: string): void;
}

/** Calls whose process died go on in another: from their files, in the same room, under the same identity. */
export interface Recovery {
  /** Its shard died. `isSuspect`: perhaps because of it. */
  rescue(slot: Slot, how: string, isSuspect: boolean): void;
  /**
   * Goes on as soon as there is a place, in an epoch above that of `call`. `copy`: its log as the server has it, from a
   * worker that is lost; the epoch is then the ordered one, and files of earlier epochs that are here do not count:
   * their tails are refused by the server.
   */
  goOn(slot: Slot, call: CallAssignment, copy?: string): void;
  /** Nobody is to run it any more: its log is ended here. */
  giveUp(slot: Slot, why: string): void;
  /** Another worker has it: it waits for no place any more. */
  cancel(slot: Slot): void;
  /** The call is over. */
  forget(callId: string): void;
  /** There may be places now. */
  place(): void;
  /** A shard is gone; was it the one that a waiting call was to have for itself? */
  shardGone(shardId: number): void;
  close(): void;
}

interface Waiting {
  slot: Slot;
  call: CallAssignment;
  /** It goes on in a later one. */
  afterEpoch: number;
  /** The shard that was started for it alone; null: any will do, or it is not started yet. */
  aloneShard: number | null;
  starts: number;
  cancel(): void;
}

export function createRecovery(options: RecoveryOptions): Recovery {
  const { config, callsDir, slots, pool, clock, log } = options;
  const waiting = new Map<string, Waiting>();
  /** Logs that came from the server, by call: the file, and the last epoch that is in it. */
  const copyOf = new Map<string, { path: string; epoch: number }>();

  /** Oldest epoch first. */
  function logPaths(callId: string): string[] {
    const copy = copyOf.get(callId);
    return copy ? [copy.path, ...logFilesOf(callsDir, callId, copy.epoch)] : logFilesOf(callsDir, callId);
  }

  function forget(callId: string): void {
    const copy = copyOf.get(callId);
    copyOf.delete(callId);
    if (copy) rmSync(copy.path, { force: true });
  }

  function goOn(slot: Slot, call: CallAssignment, copy?: string): void {
    if (copy) copyOf.set(slot.callId, { path: copy, epoch: call.epoch - 1 });
    slot.state = "waiting";
    slot.shardId = null;
    slot.call = call;
    const cancel = clock.after(PLACE_MS, () => giveUp(entry, `no process could take it within ${PLACE_MS / 1000} s`));
    const afterEpoch = copy ? call.epoch - 1 : call.epoch;
    const entry: Waiting = { slot, call, afterEpoch, aloneShard: null, starts: 0, cancel };
    waiting.set(slot.jobId, entry);
    place();
  }

  function place(): void {
    for (const entry of waiting.values()) {
      const shardId = placeOf(entry);
      if (shardId === undefined) continue;
      // A fault in one call's recovery is that call's end, not the worker's.
      launch(entry, shardId).catch((error: unknown) => giveUp(entry, `it could not be given to a shard: ${error}`));
    }
  }

  /** The one that has died twice under it might do so again: then nobody else is to die with it. */
  function placeOf(entry: Waiting): number | undefined {
    if (entry.slot.crashes < MOST_CRASHES) return slots.emptiest(options.places());
    if (entry.aloneShard === null) {
      entry.starts++;
      entry.aloneShard = pool.startAlone();
      return undefined;
    }
    const own = pool.shards.find((shard) => shard.shardId === entry.aloneShard);
    return own?.state === "ready" ? own.shardId : undefined;
  }

  async function launch(entry: Waiting, shardId: number): Promise<void> {
    const { slot, call } = entry;
    waiting.delete(slot.jobId);
    entry.cancel();
    // Taken at once: no other call is promised this place.
    slot.shardId = shardId;
    slot.state = "running";
    const paths = logPaths(slot.callId);
    const file = nextLogFile(callsDir, slot.callId, Math.max(options.lastEpoch(slot.callId) ?? 0, entry.afterEpoch));
    const seat = { room: call.context.room ?? "", identity: call.identity };
    // Without LiveKit it is in no room, and enters none.
    const token = config.livekit === null ? "none" : await mintAgentToken({ ...config.livekit, ...seat });
    if (slots.find(slot.jobId) !== slot || slot.shardId !== shardId) return;
    const copied = copyOf.has(slot.callId);
    const farewell = slot.crashes > MOST_CRASHES;
    const by = `shard ${shardId} of process ${process.pid}`;
    const { notTransferred } = slot;
    slot.notTransferred = null;
    const soundedOn = slot.soundedOn && !copied;
    const recovery = { logPaths: paths, copied, by, soundedOn, notTransferred, farewell };
    options.begin(slot, shardId, { ...call, epoch: file.epoch, logPath: file.path, token, recovery });
  }

  /** Nobody can run it: its log is ended here, so that whoever reads it knows how the call ended. */
  async function giveUp({ slot, call, cancel }: Pick<Waiting, "slot" | "call" | "cancel">, why: string): Promise<void> {
    waiting.delete(slot.jobId);
    cancel();
    try {
      // Rarely wanted, and more than all else that a supervisor is made of.
      const { endingFacts, lineSeal, openFileLog, readCallFiles } = await import("@parley/engine");
      const sealed = lineSeal(config.filesKeys);
      const { facts, newerVersion } = await readCallFiles(logPaths(slot.callId), [], sealed);
      if (newerVersion !== null) throw new RangeError(`facts of version ${newerVersion} in its log`);
      const file = nextLogFile(callsDir, slot.callId, Math.max(options.lastEpoch(slot.callId) ?? 0, call.epoch));
      const ending = endingFacts(facts, file.epoch, "process-died", clock.wall());
      if (ending.length > 0) {
        const callLog = openFileLog({ path: file.path, lines: sealed });
        callLog.append(ending);
        callLog.close();
      }
    } catch (error) {
      log.error({ callId: slot.callId, err: error }, "the log of a lost call could not be ended");
    }
    options.lost(slot, why);
  }

  return {
    rescue(slot, how, isSuspect) {
      const { callId, jobId, call } = slot;
      if (!call) return;
      charge(slot, isSuspect);
      log.error({ callId, jobId, crashes: slot.crashes, how }, "a call's process is gone; it goes on in another");
      // A goodbye that broke its process too is not tried again.
      if (slot.crashes > MOST_CRASHES + 1) void giveUp({ slot, call, cancel: () => {} }, "every process died of it");
      else goOn(slot, call);
    },
    goOn,
    giveUp(slot, why) {
      if (slot.call) void giveUp({ slot, call: slot.call, cancel: () => {} }, why);
    },
    cancel(slot) {
      waiting.get(slot.jobId)?.cancel();
      waiting.delete(slot.jobId);
    },
    place,
    forget,
    shardGone(shardId) {
      for (const entry of waiting.values()) {
        if (entry.aloneShard !== shardId) continue;
        entry.aloneShard = null;
        if (entry.starts >= MOST_STARTS) void giveUp(entry, "a process of its own did not start");
      }
    },
    close() {
      for (const entry of waiting.values()) entry.cancel();
      waiting.clear();
    },
  };
}
