import { cpus } from "node:os";
import type { Clock } from "@parley/engine";
import type { AssignedJob, JobOffer, OfferAnswer } from "@parley/livekit";
import type { WorkerConfig } from "./config.ts";
import { cpuMeter } from "./cpu-meter.ts";
import type { DispatchLine, DispatchSink } from "./dispatch.ts";
import { rememberEpochs } from "./epochs.ts";
import type { WorkerHealth } from "./health.ts";
import { callOf, nextLogFile } from "./job.ts";
import { LIVEKIT_TARGET_LOAD, shardPressure, workerLoad } from "./load.ts";
import type { Log } from "./log.ts";
import type { AgentSummary } from "./messages.ts";
import { createOffers } from "./offers.ts";
import type { PooledShard, ShardMessage, ShardPool } from "./shard-pool.ts";
import { createSlots, type Slot } from "./slots.ts";

const TICK_MS = 1_000;
/** Accepted calls are in the smoothed figures after about this long. */
const FRESH_MS = 5_000;

export interface SupervisorOptions {
  config: WorkerConfig;
  callsDir: string;
  pool: ShardPool;
  clock: Clock;
  log: Log;
  /** CPU that the supervisor itself has used, in ms. */
  ownCpuMs?: () => number;
  cores?: number;
  /** False: call files fill the disk's share, and a new call's log would have nowhere to go. */
  hasRoom?(): boolean;
}

/** Decides which jobs are taken, gives them to shards, and tells LiveKit how they fare. */
export interface Supervisor {
  readonly sink: DispatchSink;
  /** The shards are warm: offers may come. */
  warm(agent: AgentSummary): void;
  /** The line stands: from now on load is reported. */
  serve(line: DispatchLine): void;
  shardMessage(shardId: number, message: ShardMessage): void;
  shardGone(shardId: number, how: string): void;
  /** No new calls from now on; resolves when the last running one has ended. Idempotent. */
  drain(): Promise<void>;
  health(): WorkerHealth;
  runningCalls(): { callId: string; epoch: number }[];
  /** Ends one call, whichever shard has it. */
  endCall(callId: string, reason: string): void;
  /** Stops the clockwork; calls are the shards' to end. Idempotent. */
  close(): void;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { config, pool, clock, log } = options;
  const slots = createSlots(config.maxConcurrentJobs);
  const offers = createOffers(clock, (shardId, message) => pool.send(shardId, message));
  const cores = options.cores ?? cpus().length;
  let agent: AgentSummary | undefined;
  let line: DispatchLine | undefined;
  let registered = false;
  let draining = false;
  let cpuCores = 0;
  let stopTicking = (): void => {};
  const emptied: (() => void)[] = [];
  const epochs = rememberEpochs();
  const meter = cpuMeter(FRESH_MS, clock.now(), options.ownCpuMs);

  const readyShards = (): PooledShard[] => pool.shards.filter((shard) => shard.state === "ready");
  const pressure = (shard: PooledShard): number => (shard.beat ? shardPressure(shard.beat) : 0);
  const places = () => readyShards().map((shard) => ({ shardId: shard.shardId, pressure: pressure(shard) }));

  function load(): number {
    const now = clock.now();
    const fresh = slots.all().filter((slot) => now - slot.sinceMs < FRESH_MS).length;
    const pressures = readyShards().map(pressure);
    return workerLoad({ cap: slots.cap, taken: slots.taken, fresh, cpuCores, cores, pressures });
  }

  function report(): void {
    line?.load(load(), slots.taken);
  }

  function refused(offer: JobOffer, reason: string, callId?: string): OfferAnswer {
    log.warn({ jobId: offer.jobId, room: offer.room.name, callId, reason }, "job refused");
    return { accept: false, reason };
  }

  /** Nothing is awaited here: no other question can be promised the same slot. */
  function offered(offer: JobOffer): OfferAnswer {
    if (draining || !agent) return refused(offer, draining ? "draining" : "starting");
    if (options.hasRoom?.() === false) return refused(offer, "no-disk-room");
    const { callId, foreign } = callOf(offer);
    if (foreign !== null)
      log.warn({ callId, room: offer.room.name }, "the callId given was no file name; a new one was made");
    if (slots.cap === null && load() >= LIVEKIT_TARGET_LOAD) return refused(offer, "load", callId);
    const reservation = slots.reserve({ jobId: offer.jobId, callId }, places(), clock.now());
    if (!reservation.taken) return refused(offer, reservation.reason, callId);
    report();
    return { accept: true, name: agent.name };
  }

  function assigned(job: AssignedJob): void {
    const { jobId } = job.job;
    const slot = slots.run(jobId) ?? lateSlot(job.job);
    if (!slot) {
      log.error({ jobId }, "an assigned job found no place; LiveKit is told that it failed");
      line?.endJob(jobId, "failed", "no free slot in this worker");
    } else if (agent?.asksToAccept) void askAgent(slot, job);
    else run(slot, job);
  }

  /** The author's `accept` is asked in the shard that would run the call; the offer itself had to be answered at once. */
  async function askAgent(slot: Slot, job: AssignedJob): Promise<void> {
    const { callId, jobId, shardId } = slot;
    const { context } = callOf(job.job);
    const answer = await offers.ask(shardId, { offer: job.job, callId, context });
    if (slots.find(jobId) !== slot) return;
    if (answer.accept) return run(slot, job);
    log.warn({ callId, jobId, reason: answer.reason }, "job refused");
    slots.release(jobId);
    ended(slot, answer.reason);
    freed();
  }

  function run(slot: Slot, { job: offer, token, url }: AssignedJob): void {
    const { callId } = slot;
    const { context } = callOf(offer);
    const file = nextLogFile(options.callsDir, callId, epochs.last(callId));
    epochs.began(callId, file.epoch);
    slot.epoch = file.epoch;
    log.info({ callId, jobId: offer.jobId, room: offer.room.name, shard: slot.shardId }, "call assigned");
    const call = { jobId: offer.jobId, callId, epoch: file.epoch, logPath: file.path, context, token, url };
    pool.send(slot.shardId, { type: "run", call });
  }

  /** The reservation died with its shard: another place, if there is one. */
  function lateSlot(offer: JobOffer): Slot | undefined {
    const { callId } = callOf(offer);
    const reservation = slots.reserve({ jobId: offer.jobId, callId }, places(), clock.now());
    return reservation.taken ? slots.run(offer.jobId) : undefined;
  }

  /** Slots became free: a drain may be over, and LiveKit may offer again. */
  function freed(): void {
    if (slots.taken === 0) for (const tell of emptied.splice(0)) tell();
    report();
  }

  function ended(slot: Slot, error: string | null): void {
    line?.endJob(slot.jobId, error === null ? "success" : "failed", error ?? undefined);
  }

  function tick(): void {
    stopTicking = clock.after(TICK_MS, () => {
      cpuCores = meter.read(clock.now(), pool.shards);
      report();
      tick();
    });
  }

  function whyNotReady(): string | null {
    if (draining) return "draining: no new calls";
    if (!agent) return "starting: shards are being warmed";
    if (!registered) return "not registered with LiveKit";
    if (pool.crashLooping) return "shards keep dying; the log says why";
    return readyShards().length === 0 ? "no shard is ready" : null;
  }

  return {
    sink: {
      offered,
      assigned,
      terminated(jobId) {
        const slot = slots.find(jobId);
        if (!slot) return;
        log.info({ callId: slot.callId, jobId }, "LiveKit ended the job");
        pool.send(slot.shardId, { type: "end-call", jobId, reason: "job-terminated" });
      },
      registered() {
        registered = true;
        report();
      },
      lost() {
        registered = false;
        log.warn("the line to LiveKit broke; running calls go on, and the worker registers again");
      },
      offerLost(jobId, reason) {
        const slot = slots.release(jobId);
        if (slot)
          log.warn({ callId: slot.callId, jobId, reason }, "a promised job did not come; its slot is free again");
        freed();
      },
    },
    warm(summary) {
      agent = summary;
      if (summary.maxCalls !== null) slots.cap = Math.min(slots.cap ?? summary.maxCalls, summary.maxCalls);
    },
    serve(openLine) {
      line = openLine;
      tick();
      report();
    },
    shardMessage(shardId, message) {
      if (message.type === "offer-answer") return offers.answered(message);
      const slot = slots.find(message.jobId);
      if (!slot || slot.shardId !== shardId) return;
      const { callId, jobId } = slot;
      log[message.error === null ? "info" : "error"](
        { callId, jobId, reason: message.reason, error: message.error },
        "call ended",
      );
      slots.release(jobId);
      ended(slot, message.error);
      freed();
    },
    shardGone(shardId, how) {
      offers.shardGone(shardId);
      for (const slot of slots.releaseShard(shardId)) {
        if (slot.state === "reserved") continue;
        log.error({ callId: slot.callId, jobId: slot.jobId, shard: shardId, how }, "call lost with its shard");
        ended(slot, `the process that ran this call ${how}`);
      }
      freed();
    },
    drain() {
      draining = true;
      line?.drain();
      if (slots.taken === 0) return Promise.resolve();
      return new Promise((resolve) => emptied.push(resolve));
    },
    health() {
      const reason = whyNotReady();
      const shards = pool.shards.map(({ shardId, pid, state, beat }) => ({
        shardId,
        pid: pid ?? null,
        state,
        calls: beat?.calls ?? 0,
        loopDelayMs: beat?.loopDelayMs ?? 0,
        rssBytes: beat?.rssBytes ?? 0,
      }));
      const calls = slots.all().filter((slot) => slot.state === "running").length;
      const slotsNow = { taken: slots.taken, cap: slots.cap };
      return { ready: reason === null, reason, registered, draining, slots: slotsNow, calls, load: load(), shards };
    },
    runningCalls: () => slots.all().flatMap(({ callId, epoch }) => (epoch === null ? [] : [{ callId, epoch }])),
    endCall(callId, reason) {
      const slot = slots.all().find((candidate) => candidate.callId === callId);
      if (slot) pool.send(slot.shardId, { type: "end-call", jobId: slot.jobId, reason });
    },
    close() {
      stopTicking();
      offers.close();
    },
  };
}
