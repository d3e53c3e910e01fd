import type { AddressInfo } from "node:net";
import { STORED_AGENTS } from "@parley/agent/stored";
import { ParleyError, systemClock } from "@parley/engine";
import { egressApi } from "@parley/livekit";
import { measured } from "@parley/metrics";
import type { Store } from "@parley/store";
import { attachUplink, type CallCommand, type OrderResult, singleKey, type UplinkServer } from "@parley/uplink";
import type { FastifyInstance } from "fastify";
import { allAgents } from "./agents/all-agents.ts";
import { storedDefinitions } from "./agents/stored.ts";
import { buildApp } from "./app.ts";
import { callStart } from "./call-start/context.ts";
import type { ServerConfig } from "./config.ts";
import { keepConnections } from "./connections/keep.ts";
import { agentTransfers } from "./control/change-agent.ts";
import { keepErasing } from "./erasure/keep.ts";
import { askHooks } from "./hook/ask.ts";
import { breaker } from "./hook/breaker.ts";
import { keepLeases, type LeasesOptions } from "./leases/leases.ts";
import { usualTimings } from "./leases/timings.ts";
import { postgresCarrier, redisCarrier } from "./live/carriers.ts";
import { fanOutOver } from "./live/fan-out.ts";
import { liveFeed, tellFeed } from "./live/feed.ts";
import { liveUpgrades } from "./live/upgrades.ts";
import { liveKitAccess, seatToken, withoutLiveKit } from "./livekit.ts";
import { type ServerLog, serverLog } from "./log.ts";
import { exportMetrics } from "./metrics/export.ts";
import { serverMetrics } from "./metrics/server-metrics.ts";
import { measureFacts, measureFailures, measureLeases, measureWorkers } from "./metrics/watch-ingest.ts";
import type { AgentCard } from "./page-config/schema.ts";
import { followLog } from "./projections/follow.ts";
import { recordByEgress } from "./recordings/egress/egress.ts";
import { watchRecorded } from "./recordings/egress/watch.ts";
import { keepRecordings } from "./recordings/keep.ts";
import { recordingKeys } from "./recordings/sealing/keys.ts";
import { openStorage } from "./recordings/storage/open.ts";
import { watchRecordings } from "./recordings/watch.ts";
import { openRedis } from "./redis.ts";
import { oneLink } from "./replicas/one-link.ts";
import { shareLeases } from "./replicas/share.ts";
import { sealedSecrets } from "./secrets/secrets.ts";
import { statusBoard } from "./status/parts.ts";
import { watchFacts } from "./status/watch-facts.ts";
import { openTlsFront } from "./tls.ts";
import { deliverWebhooks } from "./webhooks/outbound/deliver.ts";

/** How long requests that run may go on after `close`. */
const CLOSE_MS = 5_000;
/** Of one message of who watches a call. */
const MAX_ORDER_BYTES = 64 * 1024;

export interface ServerOptions {
  /** As `readServerConfig` gives it. */
  config: ServerConfig;
  /** The given LiveKit server, or the embedded one; null with LIVEKIT_ENABLED=false. */
  livekit: null | { url: string; fallbackUrls?: readonly string[]; apiKey: string; apiSecret: string };
  /** Open; whoever opened it closes it. */
  store: Store;
  /** The first one comes when nobody in particular is asked for. */
  agents: readonly [AgentCard, ...AgentCard[]];
  log?: ServerLog;
  /** The built talk page. Default: apps/web/dist. */
  webRoot?: string;
  /** There are stored agents, and no worker that runs them. Told as often as one is asked for. */
  storedWorkerWanted?: () => void;
  /** When workers are missed and their calls go to others; see docs/uplink.md. */
  leases?: NonNullable<LeasesOptions["timings"]>;
  /** How long whoever left a call may come back. Default 30 s. */
  connectionGraceMs?: number;
}

export interface RunningServer {
  /** Where a person on this machine finds it. */
  url: string;
  port: number;
  /** The workers that are connected. */
  uplinks: UplinkServer;
  /** Tells the worker that runs the call what to do with it; see docs/uplink.md. Never rejects. */
  command(callId: string, name: CallCommand, args?: Record<string, unknown>): Promise<OrderResult>;
  /** Takes nothing new, lets running requests end (5 s at most), and says goodbye to the workers. Idempotent. */
  close(): Promise<void>;
}

/** Listens. Throws ParleyError `port-in-use`, `listen-failed`. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, store, agents, log = serverLog() } = options;
  const livekit = options.livekit === null ? withoutLiveKit() : liveKitAccess(options.livekit, config.livekitPublicUrl);
  const redis = config.redisUrl === null ? null : openRedis(config.redisUrl, log);
  const board = statusBoard(systemClock, options.livekit === null ? ["livekit", "webhooks"] : []);
  const metrics = serverMetrics();
  redis?.on("error", () => metrics.integrationFailed("redis"));
  const join = oneLink(store.joinReplicas);
  const overRedis = redis === null ? null : redisCarrier(redis);
  const fanOut = fanOutOver([...(overRedis === null ? [] : [overRedis]), postgresCarrier(join)], systemClock);
  const leases = shareLeases({
    join,
    keep: () => keepLeases({ store, livekit, log, timings: options.leases ?? {} }),
    facts: store.facts,
    mintToken: (seat) => seatToken(livekit, seat),
    heartbeatMs: options.leases?.heartbeatMs ?? usualTimings.heartbeatMs,
    clock: systemClock,
    log,
  });
  const connections = keepConnections({
    store,
    livekit,
    clock: systemClock,
    log,
    expiryMs: config.connectionExpiryMs,
    graceMs: options.connectionGraceMs,
  });
  const follower = followLog({ store, clock: systemClock, log });
  const watch = async (callId: string, forMs: number) => (await leases.command(callId, "watch", { forMs })).ok;
  const feed = liveFeed({ store, fanOut, watch, clock: systemClock, log });
  const upgrades = liveUpgrades(MAX_ORDER_BYTES);
  const secrets = sealedSecrets(config.secretKeys);
  const workerKey = workerKeys(config, store);
  const storage = await openStorage(config.recordings.place);
  const keys = recordingKeys(secrets, store.dataKeys, config.recordings.encrypt);
  const recordings = keepRecordings({
    ...{ store, storage, keys, clock: systemClock, log },
    seen: watchRecordings(metrics, board),
  });
  const { deleteDue: deleteRecordings } = recordings;
  const egress =
    options.livekit === null || config.recordings.by !== "egress"
      ? null
      : recordByEgress({
          ...{ store, storage, clock: systemClock, log, seen: watchRecordings(metrics, board) },
          egress: egressApi(options.livekit),
          place: config.recordings.place,
        });
  const { retentionDays } = config;
  const erasing = keepErasing({ store, clock: systemClock, log, deleteRecordings, retentionDays });
  const { privateHooks } = config;
  const hookFailed = () => metrics.integrationFailed("hooks");
  const outbox = deliverWebhooks({ store, secrets, privateHooks, clock: systemClock, log, hookFailed });
  const hooks = breaker(systemClock);
  const ask = askHooks({ store, secrets, privateHooks, breaker: hooks, clock: systemClock, log, failed: hookFailed });
  const workerAgents = () => leases.workers().flatMap(({ agent }) => (agent === null ? [] : [agent]));
  const storedWorkers = {
    connected: () => leases.workers().filter(({ agent }) => agent === STORED_AGENTS),
    wanted: () => options.storedWorkerWanted?.(),
  };
  const directory = allAgents({ store, agents, workerAgents, storedWorkers });
  const app = await buildApp({
    config,
    livekit,
    store,
    secrets,
    recordings: { storage, keys },
    deleteRecordings,
    redis,
    agents,
    workerAgents,
    storedWorkers,
    command: leases.command,
    begin: leases.begin,
    workerKey,
    feed,
    upgrades,
    hooks,
    board,
    metrics,
    happened: connections.happened,
    ...(egress === null ? {} : { recorded: egress.told }),
    log,
    ...(options.webRoot === undefined ? {} : { webRoot: options.webRoot }),
  });
  const workers = measureWorkers(metrics);
  const facts = tellFeed(watchFacts(measureFacts(leases.facts, metrics), measureFailures(board, metrics)), feed);
  const lines = attachUplink(app.server, {
    store: egress === null ? facts : watchRecorded(facts, egress.changed),
    keeper: measureLeases(leases.keeper, metrics, workers),
    measured: workers.told,
    interim: feed.interim,
    agentVersion: storedDefinitions(store, secrets),
    transfer: agentTransfers({ store, agents: directory, command: leases.command, workerAgents }),
    leaseMs: leases.heartbeatMs,
    authenticate: workerKey,
    elsewhere: upgrades.take,
    callContext: callStart({ store, ask, clock: systemClock, log }),
    log,
  });
  upgrades.serve(app);
  const otlp = await exportMetrics(config.otlpEndpoint, metrics, log);
  const parts: { close(): void }[] = [
    feed,
    follower,
    outbox,
    erasing,
    ...(egress === null ? [] : [egress]),
    recordings,
    storage,
    connections,
    leases,
    fanOut,
    { close: () => overRedis?.close() },
    { close: () => redis?.disconnect() },
  ];
  const closeAll = async () => {
    await Promise.all([closeParts(app, lines, parts), otlp?.close()]);
  };
  const { tls, host } = config;
  metrics.watch(() => [measured("uplink_lines", lines.peers().length, {})]);
  try {
    await app.listen(tls ? { port: config.loopbackPort, host: "127.0.0.1" } : { port: config.port, host });
    if (tls) parts.push(await openTlsFront(app, tls, { host, port: config.port }, log));
  } catch (error) {
    await closeAll();
    throw listenError(error, config);
  }
  if (config.apiKey === null) {
    log.warn("PARLEY_API_KEY is not set: only this machine is listened to, and whoever is on it may do everything");
  }
  const port = tls ? config.port : (app.server.address() as AddressInfo).port;
  const shownHost = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  let closing: Promise<void> | undefined;
  return {
    url: `${tls ? "https" : "http"}://${shownHost.includes(":") ? `[${shownHost}]` : shownHost}:${port}`,
    port,
    uplinks: lines,
    command: (callId, name, args = {}) => leases.command(callId, name, args),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

/** The key of the configuration, and those in the database. */
function workerKeys(config: ServerConfig, store: Store): (key: string) => Promise<string | null> {
  const configured = config.workerKey === null ? async () => null : singleKey("worker", config.workerKey);
  return async (key) => (await configured(key)) ?? (await store.workerKeys.find(key));
}

/** What orders others about stops first. */
async function closeParts(app: FastifyInstance, uplinks: UplinkServer, parts: { close(): void }[]): Promise<void> {
  for (const part of parts) part.close();
  const force = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
  try {
    await Promise.all([uplinks.close(), app.close()]);
  } finally {
    clearTimeout(force);
  }
}

function listenError(error: unknown, { host, port }: ServerConfig): ParleyError {
  if (error instanceof ParleyError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    return new ParleyError(`Port ${port} is in use. Stop what listens on it, or choose another by PARLEY_PORT.`, {
      code: "port-in-use",
      category: "configuration",
      cause: error,
    });
  }
  if (code === "EACCES") {
    return new ParleyError(
      `Port ${port} needs rights that this user does not have. Choose one above 1023 by PARLEY_PORT.`,
      {
        code: "port-refused",
        category: "configuration",
        cause: error,
      },
    );
  }
  return new ParleyError(`The server cannot listen on ${host}:${port} (PARLEY_HOST, PARLEY_PORT): ${message}`, {
    code: "listen-failed",
    category: "configuration",
    cause: error,
  });
}
