import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "@parley/engine/clock";
import { collectAfterStart } from "./at-rest.ts";
import { keepCompiledCodeSoon } from "./compiled-code.ts";
import type { WorkerConfig } from "./config.ts";
import type { DispatchLine, OpenDispatch } from "./dispatch.ts";
import { type ExportedMetrics, exportMetrics } from "./export-metrics.ts";
import { type Health, openHealth } from "./health.ts";
import { liveKitDispatch } from "./livekit-dispatch.ts";
import { createLog, type Log } from "./log.ts";
import type { AgentSummary } from "./messages.ts";
import { workerMetrics } from "./metrics.ts";
import { noDispatch } from "./no-dispatch.ts";
import { type KeptRecordings, keepRecordings } from "./recording/keep.ts";
import { createShardPool, type ShardPool } from "./shard-pool.ts";
import { type ForkShard, forkShard } from "./shard-process.ts";
import { openShipping, type Shipping } from "./shipping.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";
import { type ToldMeasured, tellMeasured } from "./tell-measured.ts";
import { tokenDispatch } from "./token-dispatch.ts";

/** How long calls may take to say goodbye and end once they are told to. */
const END_CALLS_MS = 10_000;
/** For a piece of a recording to reach the server. */
const LONGEST_PIECE_MS = 30_000;

export interface Worker {
  /** Of healthz and readyz. */
  readonly port: number;
  /** The agent's dispatch name. */
  readonly agentName: string;
  readonly runningCalls: number;
  /** No new calls; running ones may finish within `boundMs`, then they are ended; then everything is closed. */
  drain(boundMs: number): Promise<void>;
  /** Ends running calls now and closes everything. Idempotent. */
  close(): Promise<void>;
}

/** What tests and the embedding program may put in place of the real parts. */
export interface WorkerParts {
  fork?: ForkShard;
  dispatch?: OpenDispatch;
  clock?: Clock;
  log?: Log;
  /** Called when the agent is known, before anything is connected: what the worker connects to may be started here. */
  named?: (agent: AgentSummary) => Promise<void>;
  /** Gives up the start when aborted; later it does nothing. */
  signal?: AbortSignal;
  /**
   * Called once, when calls may come, though they may have to wait for a shard; by default a line on standard output:
   * `worker registered`, where LiveKit knows it.
   */
  announce?: () => void;
}

/**
 * Starts a worker: it registers with LiveKit as soon as its agent is known. Resolves when a shard is warm, too:
 * what comes before waits for it.
 * @throws ParleyError of category `configuration` when settings, the agent's module or the keys are wrong.
 */
export async function startWorker(config: WorkerConfig, parts: WorkerParts = {}): Promise<Worker> {
  const clock = parts.clock ?? systemClock;
  const log = parts.log ?? createLog("worker", config.logLevel);
  const { livekit } = config;
  const news = livekit === null ? "worker ready, without LiveKit" : "worker registered";
  const announce = parts.announce ?? (() => void process.stdout.write(`${news}\n`));
  const callsDir = join(config.dataDir, "calls");
  mkdirSync(callsDir, { recursive: true, mode: 0o700 });

  const stopping = new AbortController();
  let health: Health | undefined;
  let shipping: Shipping | undefined;
  let recordings: KeptRecordings | undefined;
  let line: DispatchLine | undefined;
  let closed: Promise<void> | undefined;

  const named = Promise.withResolvers<AgentSummary>();
  const pool: ShardPool = createShardPool({
    config,
    fork: parts.fork ?? forkShard,
    clock,
    log,
    onMessage: (shardId, message) => supervisor.shardMessage(shardId, message),
    onNamed: named.resolve,
    onReady: (shardId) => supervisor.shardReady(shardId),
    onGone: (shardId, end) => supervisor.shardGone(shardId, end),
    isAwaited: (shardId) => supervisor.isAwaited(shardId),
  });
  const supervisor: Supervisor = createSupervisor({
    config,
    callsDir,
    pool,
    clock,
    log,
    hasRoom: () => shipping?.hasRoom() ?? true,
    backend: () => shipping?.backend ?? null,
    measured: (sums) => metrics.merge(sums),
    traced: (spans) => exported?.spans(spans),
  });

  const metrics = workerMetrics(supervisor.health);
  let exported: ExportedMetrics | undefined;
  let told: ToldMeasured | undefined;

  /** Calls end first, so that what they still say reaches LiveKit and the server. */
  function close(): Promise<void> {
    stopping.abort();
    closed ??= inOrder(log, [
      () => pool.close("worker-stopped", END_CALLS_MS),
      () => line?.close(),
      () => told?.close(),
      () => Promise.all([shipping?.close(), recordings?.close()]),
      () => supervisor.close(),
      () => exported?.close(),
      () => health?.close(),
    ]);
    return closed;
  }

  async function drain(boundMs: number): Promise<void> {
    const running = supervisor.runningCalls().length;
    if (running > 0)
      log.info({ running, boundMs }, "draining: no new calls, running ones may finish; a second signal ends them");
    let cancel = (): void => {};
    const bound = new Promise<void>((resolve) => {
      cancel = clock.after(boundMs, resolve);
    });
    await Promise.race([supervisor.drain(), bound]);
    cancel();
    await supervisor.handOver();
    await close();
  }

  const giveUp = (): void => void close();
  parts.signal?.addEventListener("abort", giveUp, { once: true });
  try {
    parts.signal?.throwIfAborted();
    const warming = pool.start();
    // Told below, unless the port says something first.
    warming.then(named.resolve, named.reject);
    named.promise.catch(() => {});
    health = await openHealth(config.port, supervisor.health, { key: config.metricsKey, text: metrics.text });
    const agent = await named.promise;
    supervisor.named(agent);
    void warming.then(supervisor.warm, () => {});
    await parts.named?.(agent);
    if (config.recordingBy === "agent")
      recordings = keepRecordings({
        dir: join(config.dataDir, "recordings"),
        maxMb: config.recordingsMaxMb,
        keys: config.filesKeys,
        to: config.backend && { ...config.backend, timeoutMs: Math.min(config.requestTimeoutMs, LONGEST_PIECE_MS) },
        log,
      });
    shipping = await openShipping({
      config,
      callsDir,
      log,
      agent: agent.name,
      tools: agent.tools,
      runningCalls: supervisor.runningCalls,
      isDraining: () => supervisor.draining,
      isOpen: () => supervisor.open,
      onStale: supervisor.abandonCall,
      ordered: supervisor.ordered,
    });
    // Who may not wait for a shard is offered to others by LiveKit alone: a token's one room is joined, and a server's
    // calls without a room are taken, when there is one.
    if (livekit === null || livekit.token !== null) await warming;
    const openDispatch = parts.dispatch ?? dispatchOf(config, log, clock);
    const serving = openDispatch(agent.name, supervisor.sink, stopping.signal).then((opened) => {
      line = opened;
      // Closed meanwhile: nobody else closes it now.
      if (stopping.signal.aborted) return opened.close();
      supervisor.serve(opened);
      // Who waits for the news has calls for it at once: they wait for a shard, and none that does so in vain is dropped.
      announce();
    });
    // An agent that can't be warmed ends the start, registered or not.
    await Promise.all([serving, warming]);
    parts.signal?.removeEventListener("abort", giveUp);
    parts.signal?.throwIfAborted();
    // After it is registered: nobody waits for it.
    exported = exportMetrics(config.otlpEndpoint, metrics.read, log);
    if (shipping.backend) told = tellMeasured(shipping.backend, { metrics, look: supervisor.health, clock });
    keepCompiledCodeSoon();
    collectAfterStart(() => supervisor.runningCalls().length === 0);
    const { port } = health;
    log.info({ agent: agent.name, shards: config.shards, port, livekit: livekit?.url ?? null }, "worker ready");
    return {
      port,
      agentName: agent.name,
      get runningCalls() {
        return supervisor.runningCalls().length;
      },
      drain,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function dispatchOf({ livekit, connectionTimeoutMs }: WorkerConfig, log: Log, clock: Clock): OpenDispatch {
  if (livekit === null) return noDispatch(log);
  if (livekit.token !== null) return tokenDispatch(livekit, livekit.token, log);
  return liveKitDispatch(livekit, { connectionTimeoutMs, log, clock });
}

/** One that fails does not keep the later ones open. */
async function inOrder(log: Log, closers: readonly (() => unknown)[]): Promise<void> {
  for (const close of closers) {
    try {
      await close();
    } catch (error) {
      log.error({ err: error }, "a part of the worker did not close cleanly");
    }
  }
}
