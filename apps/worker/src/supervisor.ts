import type { Clock } from "@parley/engine";
import type { Span, SumsOf } from "@parley/metrics";
import { createAdmission } from "./admission.ts";
import type { Backend, OrderResult, OwnedCall, ServerOrder } from "./backend.ts";
import { createComeback } from "./comeback.ts";
import type { WorkerConfig } from "./config.ts";
import type { DispatchLine, DispatchSink } from "./dispatch.ts";
import { rememberEpochs } from "./epochs.ts";
import { createGivenOrders } from "./given-orders.ts";
import { createHandOver } from "./hand-over.ts";
import type { WorkerHealth } from "./health.ts";
import { watchLoops } from "./late-loops.ts";
import type { Log } from "./log.ts";
import type { AgentSummary, CallAssignment } from "./messages.ts";
import { createOffers } from "./offers.ts";
import { createOrders } from "./orders.ts";
import { createOwnership } from "./ownership.ts";
import { createRecovery } from "./recovery.ts";
import { activeResources } from "./resources.ts";
import type { ShardEnd, ShardMessage, ShardPool } from "./shard-pool.ts";
import { createSlots, type Slot } from "./slots.ts";
import { createStoredAgents } from "./stored-agents.ts";
import { suspectsOf } from "./suspects.ts";
import { createTransfers } from "./transfers.ts";
import { createWarming, STARTING_LOAD } from "./warming.ts";
import { watchWorkload } from "./workload.ts";

const TICK_MS = 1_000;
/** LiveKit ends the job of a call whose people have left; that they have is told to the call by another way, maybe later. */
const TERMINATED_MS = 1_500;

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
  /** A shard has told what it measured. */
  measured?(sums: SumsOf): void;
  /** A shard has told what its calls did. */
  traced?(spans: readonly Span[]): void;
}

/** Decides which jobs are taken, gives them to shards, and tells LiveKit how they fare. */
export interface Supervisor {
  readonly sink: DispatchSink;
  /** The agent is known, its models are still loaded: what is offered waits for them. */
  named(agent: AgentSummary): void;
  /** A shard is ready: calls may come. */
  warm(): void;
  /** The line stands: from now on load is reported. */
  serve(line: DispatchLine): void;
  shardMessage(shardId: number, message: ShardMessage): void;
  shardReady(shardId: number): void;
  shardGone(shardId: number, end: ShardEnd): void;
  /** It has a call, or one was promised a place on it. */
  isAwaited(shardId: number): boolean;
  /** An order of the server's. Never rejects. */
  ordered(order: ServerOrder): Promise<OrderResult>;
  /** No new calls from now on; resolves when the last running one has ended. Idempotent. */
  drain(): Promise<void>;
  readonly draining: boolean;
  /** There is room for a new call. */
  readonly open: boolean;
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
  const given = createGivenOrders(clock, (shardId, message) => pool.send(shardId, message));
  let agent: AgentSummary | undefined;
  let line: DispatchLine | undefined;
  let registered = false;
  let draining = false;
  let wasOpen = false;
  let stopTicking = (): void => {};
  const emptied: (() => void)[] = [];
  const epochs = rememberEpochs();
  const backend = (): Backend | null => options.backend?.() ?? null;
  const workload = watchWorkload({ pool, slots, clock, cores: options.cores, ownCpuMs: options.ownCpuMs });
  const { places } = workload;
  const lateLoops = watchLoops();
  const warming = createWarming(clock, (offer) => void line?.askAgain(offer));

  const isOpen = (): boolean => admission.whyClosed() === null;

  /** LiveKit, and the server where callers wait, hear at once that a worker is full, or is not any more. */
  function report(): void {
    pool.fit(slots.taken, slots.joining);
    const closed = admission.whyClosed();
    const open = closed === null;
    line?.load(
      open || closed === "load" ? workload.load() : closed === "starting" && warming.mayWait ? STARTING_LOAD : 1,
      slots.taken,
    );
    if (open !== wasOpen) backend()?.beat();
    wasOpen = open;
  }

  function begin(slot: Slot, shardId: number, call: CallAssignment): void {
    const { callId, jobId, crashes } = slot;
    epochs.began(callId, call.epoch);
    slot.call = call;
    slot.joined = false;
    const what = call.recovery ? "call goes on" : "call assigned";
    log.info({ callId, jobId, room: call.context.room, shard: shardId, epoch: call.epoch, crashes }, what);
    pool.send(shardId, { type: "run", call });
    backend()?.beat();
  }

  /** Slots became free: a drain may be over, and LiveKit may offer again. */
  function freed(): void {
    if (slots.taken === 0) for (const tell of emptied.splice(0)) tell();
    report();
    backend()?.beat();
  }

  /** The call is not this worker's any more. */
  function over(slot: Slot, error: string | null): void {
    recovery.cancel(slot);
    recovery.forget(slot.callId);
    slots.release(slot.jobId);
    // LiveKit's job of a call that was recovered or taken over was over long ago.
    if (slot.deaths === 0 && !slot.call?.recovery)
      line?.endJob(slot.jobId, error === null ? "success" : "failed", error ?? undefined);
    freed();
  }

  const admission = createAdmission({
    callsDir: options.callsDir,
    slots,
    offers,
    epochs,
    workload,
    clock,
    log,
    backend,
    agent: () => agent,
    warming,
    isDraining: () => draining,
    hasRoom: () => options.hasRoom?.() ?? true,
    taken: report,
    begin,
    refuse(jobId, slot, reason) {
      if (slot) log.warn({ callId: slot.callId, jobId, reason }, "job refused");
      slots.release(jobId);
      line?.endJob(jobId, "failed", reason);
      freed();
    },
  });
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
      over(slot, why);
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
    offers,
    given,
    agent: () => agent,
    isDraining: () => draining,
    handTo: (slot, target) => handOver.to(slot, target),
    isHandedOver: (slot) => handOver.isUnderWay(slot),
    whyClosed: admission.whyClosed,
    taken: report,
    freed,
  });
  const handOver = createHandOver({ slots, pool, clock, log, backend, recovery });
  const ownership = createOwnership({ slots, pool, clock, backend });
  const storedAgents = createStoredAgents({ send: pool.send, backend, log });
  const transfers = createTransfers({ send: pool.send, slots, backend });
  const comeback = createComeback({
    ownership,
    recovery,
    log,
    hasServer: () => backend() !== null,
    isHere: (slot) => slots.find(slot.jobId) === slot,
    drop: (slot) => over(slot, null),
  });

  function tick(): void {
    stopTicking = clock.after(TICK_MS, () => {
      ownership.turned();
      workload.measure();
      for (const late of lateLoops.look(pool.shards)) log.warn(late, "a shard's event loop is late: its calls hear it");
      report();
      tick();
    });
  }

  function whyNotReady(): string | null {
    if (draining) return "draining: no new calls";
    if (!warming.isOver) return "starting: shards are being warmed";
    if (!registered) return "not registered with LiveKit";
    if (pool.crashLooping) return "shards keep dying; the log says why";
    return places().length === 0 ? "no shard is ready" : null;
  }

  return {
    sink: {
      offered: admission.offered,
      assigned: admission.assigned,
      terminated(jobId) {
        const slot = slots.find(jobId);
        // The job ended with the process that had joined for it; the call goes on without one.
        if (!slot || slot.deaths > 0 || slot.call?.recovery || slot.shardId === null) return;
        const { callId, shardId } = slot;
        log.info({ callId, jobId }, "LiveKit ended the job");
        clock.after(TERMINATED_MS, () => {
          if (slots.find(jobId) === slot && slot.shardId === shardId && !slot.call?.recovery)
            pool.send(shardId, { type: "end-call", jobId, reason: "job-terminated" });
        });
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
    named(summary) {
      agent = summary;
      warming.begin();
      if (summary.maxCalls !== null) slots.cap = Math.min(slots.cap ?? summary.maxCalls, summary.maxCalls);
    },
    warm() {
      warming.over();
      report();
    },
    serve(openLine) {
      line = openLine;
      tick();
      report();
    },
    shardMessage(shardId, message) {
      if (message.type === "offer-answer") return offers.answered(message);
      if (message.type === "order-answer") return given.answered(message);
      if (message.type === "confirm") return ownership.asked(shardId, message);
      if (message.type === "agent-wanted") return storedAgents.asked(shardId, message);
      if (message.type === "transfer-wanted") return transfers.asked(shardId, message);
      if (message.type === "stood-still") return comeback.stoodStill(shardId);
      if (message.type === "measured") return options.measured?.(message.sums);
      if (message.type === "traced") return options.traced?.(message.spans);
      if (message.type === "call-released") return handOver.released(message.jobId);
      const slot = slots.find(message.jobId);
      if (slot?.shardId !== shardId) return;
      if (message.type === "interim") {
        const { type: _type, jobId: _jobId, ...told } = message;
        return backend()?.interim({ callId: slot.callId, ...told });
      }
      if (message.type === "call-joined") {
        slot.joined = true;
        return report();
      }
      const { callId, jobId } = slot;
      log[message.error === null ? "info" : "error"](
        { callId, jobId, reason: message.reason, error: message.error },
        "call ended",
      );
      pool.retire(shardId);
      const handed = handOver.ended(slot);
      if (handed === "stays") return;
      if (handed === null && message.reason === "evicted") comeback.evicted(slot);
      else over(slot, message.error);
    },
    shardReady() {
      recovery.place();
    },
    shardGone(shardId, { how, stoodStill }) {
      offers.shardGone(shardId);
      given.shardGone(shardId);
      recovery.shardGone(shardId);
      const suspects = suspectsOf(slots.onShard(shardId));
      for (const slot of slots.onShard(shardId)) {
        slot.soundedOn = stoodStill;
        if (slot.call !== null) comeback.processLost(slot, how, suspects.has(slot));
        else if (slot.state === "reserved") slots.release(slot.jobId);
        // Nothing runs yet: another shard will do.
        else slot.shardId = slots.emptiest(places()) ?? null;
      }
      comeback.shardForgotten(shardId);
      recovery.place();
      freed();
    },
    isAwaited: (shardId) => slots.onShard(shardId).length > 0,
    ordered: (order) => orders.carryOut(order),
    drain() {
      draining = true;
      line?.drain();
      report();
      if (slots.taken === 0) return Promise.resolve();
      return new Promise((resolve) => emptied.push(resolve));
    },
    get draining() {
      return draining;
    },
    get open() {
      return isOpen();
    },
    handOver: () => handOver.all(),
    health() {
      const reason = whyNotReady();
      const shards = pool.shards.map(({ shardId, pid, state, beat }) => ({
        shardId,
        pid: pid ?? null,
        state,
        calls: beat?.calls ?? 0,
        loopDelayP50Ms: beat?.loopDelayP50Ms ?? 0,
        loopDelayP99Ms: beat?.loopDelayMs ?? 0,
        loopBusy: hundredths(beat?.loopBusy ?? 0),
        cpuCores: hundredths(beat?.cpuCores ?? 0),
        rssBytes: beat?.rssBytes ?? 0,
        resources: beat?.resources ?? {},
      }));
      const ages = slots.all().flatMap(({ call, sinceMs }) => (call === null ? [] : [clock.now() - sinceMs]));
      const slotsNow = { taken: slots.taken, cap: slots.cap };
      return {
        ready: reason === null,
        reason,
        registered,
        draining,
        slots: slotsNow,
        calls: ages.length,
        joining: slots.joining,
        running: ages.length === 0 ? null : { meanMs: mean(ages), longestMs: Math.max(...ages) },
        load: workload.load(),
        resources: activeResources(),
        shards,
      };
    },
    runningCalls: () =>
      slots.all().flatMap(({ callId, call, crashes }) => {
        if (!call) return [];
        const { epoch, identity, context } = call;
        return [{ callId, epoch, room: context.room, agentName: agent?.name ?? "", identity, crashes }];
      }),
    abandonCall(callId) {
      const slot = slots.ofCall(callId);
      if (!slot) return;
      if (slot.shardId !== null) pool.send(slot.shardId, { type: "abandon-call", jobId: slot.jobId });
      else if (slot.state === "waiting") over(slot, null);
    },
    close() {
      stopTicking();
      warming.close();
      offers.close();
      recovery.close();
    },
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const hundredths = (value: number): number => Math.round(value * 100) / 100;
