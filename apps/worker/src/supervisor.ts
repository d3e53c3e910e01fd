import { cpus } from "node:os";
import type { Clock } from "@parley/engine";
import type { AssignedJob, JobOffer, OfferAnswer } from "@parley/livekit";
import type { Backend, OrderResult, ServerOrder } from "./backend.ts";
import { nextLogFile } from "./call-files.ts";
import type { WorkerConfig } from "./config.ts";
import { createConfirmations } from "./confirmations.ts";
import { cpuMeter } from "./cpu-meter.ts";
import type { DispatchLine, DispatchSink } from "./dispatch.ts";
import { rememberEpochs } from "./epochs.ts";
import { createHandOver } from "./hand-over.ts";
import type { WorkerHealth } from "./health.ts";
import { callOf } from "./job.ts";
import { LIVEKIT_TARGET_LOAD, shardPressure, workerLoad } from "./load.ts";
import type { Log } from "./log.ts";
import type { AgentSummary, CallAssignment } from "./messages.ts";
import { createOffers } from "./offers.ts";
import { createOrders } from "./orders.ts";
import { createRecovery } from "./recovery.ts";
import type { PooledShard, ShardMessage, ShardPool } from "./shard-pool.ts";
import { createSlots, type Slot } from "./slots.ts";

const TICK_MS = 1_000;
/** Accepted calls are in the smoothed figures after about this long. */
const FRESH_MS = 5_000;
/** A caller waits meanwhile; a server that is slower than this is as good as away. */
const CLAIM_MS = 1_000;

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
  /** The server, where there is one. */
  backend?(): Backend | null;
}

/** A call that this worker has, as the server is told. */
export interface OwnedCall {
  callId: string;
  epoch: number;
  room: string | null;
  agentName: string;
  identity: string;
  crashes: number;
}

/** Decides which jobs are taken, gives them to shards, and tells LiveKit how they fare. */
export interface Supervisor {
  readonly sink: DispatchSink;
  /** The shards are warm: offers may come. */
  warm(agent: AgentSummary): void;
  /** The line stands: from now on load is reported. */
  serve(line: DispatchLine): void;
  shardMessage(shardId: number, message: ShardMessage): void;
  shardReady(shardId: number): void;
  shardGone(shardId: number, how: string): void;
  /** An order of the server's. Never rejects. */
  ordered(order: ServerOrder): Promise<OrderResult>;
  /** No new calls from now on; resolves when the last running one has ended. Idempotent. */
  drain(): Promise<void>;
  readonly draining: boolean;
  /** Gives the running calls to other workers, each at a quiet moment; those that nobody takes stay here. */
  handOver(): Promise<void>;
  health(): WorkerHealth;
  runningCalls(): OwnedCall[];
  /** Another process has this call: it ends here, without a word. */
  abandonCall(callId: string): void;
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
  const backend = (): Backend | null => options.backend?.() ?? null;
  const meter = cpuMeter(FRESH_MS, clock.now(), options.ownCpuMs);

  const readyShards = (): PooledShard[] => pool.shards.filter((shard) => shard.state === "ready" && !shard.alone);
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
      return;
    }
    const server = backend();
    if (server) void claim(server, slot, job);
    else admitted(slot, job);
  }

  /** Two jobs may be about one call, on two workers: the server knows who has it. */
  async function claim(server: Backend, slot: Slot, job: AssignedJob): Promise<void> {
    const { callId, jobId } = slot;
    const answer = await server.claim({ callId, room: job.job.room.name, epoch: null }, CLAIM_MS);
    if (slots.find(jobId) !== slot) return;
    if (answer) epochs.began(callId, Math.max(answer.epoch, epochs.last(callId) ?? 0));
    if (answer?.granted !== false) return admitted(slot, job);
    refusedAfterAll(slot, `${answer.owner ?? "another worker"} has this call`);
  }

  function admitted(slot: Slot, job: AssignedJob): void {
    if (agent?.asksToAccept) void askAgent(slot, job);
    else run(slot, job);
  }

  /** The author's `accept` is asked in the shard that would run the call; the offer itself had to be answered at once. */
  async function askAgent(slot: Slot, job: AssignedJob): Promise<void> {
    const { callId, jobId, shardId } = slot;
    const { context } = callOf(job.job);
    const answer =
      shardId === null
        ? { accept: false, reason: "the shard ended" }
        : await offers.ask(shardId, { offer: job.job, callId, context });
    if (slots.find(jobId) !== slot) return;
    if (answer.accept) run(slot, job);
    else refusedAfterAll(slot, answer.reason);
  }

  function refusedAfterAll(slot: Slot, reason: string): void {
    log.warn({ callId: slot.callId, jobId: slot.jobId, reason }, "job refused");
    slots.release(slot.jobId);
    line?.endJob(slot.jobId, "failed", reason);
    freed();
  }

  function run(slot: Slot, { job: offer, token, url, identity }: AssignedJob): void {
    const { callId, jobId, shardId } = slot;
    const { context } = callOf(offer);
    const file = nextLogFile(options.callsDir, callId, epochs.last(callId));
    const call = { jobId, callId, epoch: file.epoch, logPath: file.path, context, identity, token, url };
    if (shardId === null) refusedAfterAll(slot, "no shard is ready");
    else begin(slot, shardId, { ...call, recovery: null });
  }

  function begin(slot: Slot, shardId: number, call: CallAssignment): void {
    const { callId, jobId, crashes } = slot;
    epochs.began(callId, call.epoch);
    slot.call = call;
    const what = call.recovery ? "call goes on" : "call assigned";
    log.info({ callId, jobId, room: call.context.room, shard: shardId, epoch: call.epoch, crashes }, what);
    pool.send(shardId, { type: "run", call });
    backend()?.beat();
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
    backend()?.beat();
  }

  function ended(slot: Slot, error: string | null): void {
    // LiveKit's job of a call that was recovered or taken over was over long ago.
    if (slot.crashes > 0 || slot.call?.recovery) return;
    line?.endJob(slot.jobId, error === null ? "success" : "failed", error ?? undefined);
  }

  const recovery = createRecovery({
    config,
    callsDir: options.callsDir,
    slots,
    pool,
    clock,
    log,
    places,
    lastEpoch: epochs.last,
    begin,
    lost(slot, why) {
      log.error({ callId: slot.callId, jobId: slot.jobId, why }, "call lost");
      slots.release(slot.jobId);
      ended(slot, why);
      freed();
    },
  });
  const orders = createOrders({
    config,
    slots,
    pool,
    clock,
    log,
    backend,
    recovery,
    places,
    agentName: () => agent?.name ?? null,
    isDraining: () => draining,
  });
  const handOver = createHandOver({ slots, pool, clock, log, backend, recovery });
  const confirmations = createConfirmations({ slots, pool, clock, backend });

  function tick(): void {
    stopTicking = clock.after(TICK_MS, () => {
      confirmations.turned();
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
        // The job ended with the process that had joined for it; the call goes on without one.
        if (slot.crashes > 0 || slot.shardId === null) return;
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
      if (message.type === "confirm") return confirmations.asked(shardId, message);
      if (message.type === "call-released") return handOver.released(message.jobId);
      const slot = slots.find(message.jobId);
      if (slot?.shardId !== shardId) return;
      const { callId, jobId } = slot;
      log[message.error === null ? "info" : "error"](
        { callId, jobId, reason: message.reason, error: message.error },
        "call ended",
      );
      pool.retire(shardId);
      if (handOver.ended(slot)) return;
      slots.release(jobId);
      ended(slot, message.error);
      freed();
    },
    shardReady() {
      recovery.place();
    },
    shardGone(shardId, how) {
      offers.shardGone(shardId);
      recovery.shardGone(shardId);
      for (const slot of slots.onShard(shardId)) {
        if (slot.call !== null) recovery.rescue(slot, how);
        else if (slot.state === "reserved") slots.release(slot.jobId);
        // Nothing runs yet: another shard will do.
        else slot.shardId = slots.emptiest(places()) ?? null;
      }
      recovery.place();
      freed();
    },
    ordered: (order) => orders.carryOut(order),
    drain() {
      draining = true;
      line?.drain();
      if (slots.taken === 0) return Promise.resolve();
      return new Promise((resolve) => emptied.push(resolve));
    },
    get draining() {
      return draining;
    },
    handOver: () => handOver.all(),
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
      const calls = slots.all().filter((slot) => slot.call !== null).length;
      const slotsNow = { taken: slots.taken, cap: slots.cap };
      return { ready: reason === null, reason, registered, draining, slots: slotsNow, calls, load: load(), shards };
    },
    runningCalls: () =>
      slots.all().flatMap(({ callId, call, crashes }) => {
        if (!call) return [];
        const { epoch, identity, context } = call;
        return [{ callId, epoch, room: context.room, agentName: agent?.name ?? "", identity, crashes }];
      }),
    abandonCall(callId) {
      const slot = slots.ofCall(callId);
      if (slot && slot.shardId !== null) pool.send(slot.shardId, { type: "abandon-call", jobId: slot.jobId });
    },
    close() {
      stopTicking();
      offers.close();
      recovery.close();
    },
  };
}
