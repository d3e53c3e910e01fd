import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { STORED_AGENTS } from "@parley/agent/stored";
import { systemClock } from "@parley/engine";
import type { EgressState } from "@parley/livekit";
import type { Store } from "@parley/store";
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, LogController } from "fastify";
import type { Redis } from "ioredis";
import { authenticate } from "./access/authenticate.ts";
import { derivedPublishableKey } from "./access/secrets.ts";
import { allAgents } from "./agents/all-agents.ts";
import { agentRoutes } from "./agents/routes.ts";
import type { StoredWorkers } from "./agents/stored.ts";
import { agentVersionRoutes } from "./agents/version-routes.ts";
import { appRoutes } from "./apps/routes.ts";
import { auditRoutes } from "./audit/routes.ts";
import { beginningCalls } from "./calls/beginning.ts";
import { callRoutes } from "./calls/routes.ts";
import type { ServerConfig } from "./config.ts";
import { roomRoutes } from "./connections/room-routes.ts";
import { connectionRoutes } from "./connections/routes.ts";
import { contextRoutes } from "./contexts/routes.ts";
import { controlRoutes } from "./control/routes.ts";
import { conversationRoutes } from "./conversations/routes.ts";
import { erasureRoutes } from "./erasure/routes.ts";
import { healthRoutes } from "./health/routes.ts";
import { type Breaker, breaker } from "./hook/breaker.ts";
import { hookRoutes } from "./hook/routes.ts";
import { auditWrites } from "./http/audit.ts";
import { idempotentWrites } from "./http/idempotency.ts";
import { guardOrigins } from "./http/origins.ts";
import { onError } from "./http/problem.ts";
import { limitRates } from "./http/rate-limits.ts";
import { addSecurityHeaders } from "./http/security-headers.ts";
import { useZod } from "./http/validation.ts";
import { keyRoutes } from "./keys/routes.ts";
import type { Leases } from "./leases/leases.ts";
import { noFanOut } from "./live/fan-out.ts";
import { type Feed, liveFeed } from "./live/feed.ts";
import { liveRoutes } from "./live/routes.ts";
import { liveUpgrades, type Upgrades } from "./live/upgrades.ts";
import { type LiveKitAccess, refuseLiveKitRoutes, whoIsIn } from "./livekit.ts";
import type { ServerLog } from "./log.ts";
import { measureProblem, measureRequests, metricsRoutes } from "./metrics/routes.ts";
import { type ServerMetrics, serverMetrics } from "./metrics/server-metrics.ts";
import { measureFailures } from "./metrics/watch-ingest.ts";
import { describeApi } from "./openapi/openapi.ts";
import { pageConfigRoutes } from "./page-config/routes.ts";
import type { AgentCard } from "./page-config/schema.ts";
import { parcelRoutes } from "./parcels/routes.ts";
import { receiveRecordings } from "./recordings/receive.ts";
import { recordingRoutes } from "./recordings/routes.ts";
import type { RecordingKeys } from "./recordings/sealing/keys.ts";
import type { RecordingStorage } from "./recordings/storage/storage.ts";
import type { Secrets } from "./secrets/secrets.ts";
import type { Part, StatusBoard } from "./status/parts.ts";
import { statusRoutes } from "./status/routes.ts";
import { tenantRoutes } from "./tenants/routes.ts";
import { tokenRoutes } from "./token/routes.ts";
import { tellOfExcess } from "./usage/excess.ts";
import { quotas } from "./usage/quota.ts";
import { usageRoutes } from "./usage/routes.ts";
import { VERSION } from "./version.ts";
import { voiceRoutes } from "./voice/routes.ts";
import { servePage } from "./web/page.ts";
import { liveKitWebhooks } from "./webhooks/livekit.ts";
import { webhookRoutes } from "./webhooks/outbound/routes.ts";

const BODY_LIMIT_BYTES = 64 * 1024;
const SESSION_IDLE_MS = 300_000;
const HEADER_LIMIT_BYTES = 16 * 1024;
/** Above the usual 60 s of proxies, which would else reuse a connection that we close at that moment. */
const KEEP_ALIVE_MS = 72_000;

export interface AppOptions {
  config: Pick<
    ServerConfig,
    | "livekitEnabled"
    | "apiKey"
    | "allowedOrigins"
    | "talkPage"
    | "rateLimit"
    | "privateHooks"
    | "connectionTimeoutMs"
    | "requestTimeoutMs"
  > &
    Partial<Pick<ServerConfig, "metricsKey" | "sessionIdleMs">>;
  livekit: LiveKitAccess;
  store: Omit<Store, "close" | "workerKeys" | "joinReplicas">;
  /** What is entrusted to us, as it lies in the store. */
  secrets: Secrets;
  /** Where recordings lie, and their keys. */
  recordings: { storage: RecordingStorage; keys: RecordingKeys };
  /** What an erasure wants gone of the storage goes at once, if it can. */
  deleteRecordings(): Promise<void>;
  /** Counts for all replicas together; null: there is one. */
  redis?: Redis | null;
  /** The first one comes when nobody in particular is asked for. */
  agents: readonly [AgentCard, ...AgentCard[]];
  /** The dispatch names of the agents of connected workers. */
  workerAgents(): readonly string[];
  /** Those of them that run stored agents. */
  storedWorkers: StoredWorkers;
  /** Tells the worker that runs the call. Never rejects. */
  command: Leases["command"];
  /** Has a call begin that is in no room. Default: nobody takes it. */
  begin?: Leases["begin"];
  /** The name of the worker whose key it is; null: nobody's. Default: nobody has one. */
  workerKey?(key: string): Promise<string | null>;
  /** Where facts are told as they are stored. Default: nobody tells any. */
  feed?: Feed;
  /** Where WebSockets come from. Default: from nowhere. */
  upgrades?: Upgrades;
  /** How business hooks fare. Default: nobody asks any. */
  hooks?: Breaker;
  board: StatusBoard;
  /** Default: its own. */
  metrics?: ServerMetrics;
  /** Something happened in this room of LiveKit's. */
  happened(roomName: string): void;
  /** An egress of LiveKit's is so. Default: nobody waits for any. */
  recorded?(egress: EgressState): void;
  log: ServerLog;
  /** The built talk page. Default: apps/web/dist. */
  webRoot?: string;
}

/** The HTTP side of the server, not yet listening. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, livekit, store, agents, log } = options;
  const metrics = options.metrics ?? serverMetrics();
  const board = measureFailures(options.board, metrics);
  const webRoot = options.webRoot ?? fileURLToPath(new URL("../../web/dist", import.meta.url));
  let isClosing = false;

  const app: FastifyInstance = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: config.requestTimeoutMs,
    connectionTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: "idle",
    // What Fastify itself refuses (an address without end) is answered as everything else.
    frameworkErrors: onError,
    routerOptions: { maxParamLength: 256 },
    http: {
      headersTimeout: Math.min(config.connectionTimeoutMs, config.requestTimeoutMs),
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: HEADER_LIMIT_BYTES,
    },
  });
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  app.addHook("onClose", async () => metrics.close());

  // JSON only. An empty body is allowed: every field of the token request is optional.
  app.removeContentTypeParser(["text/plain", "application/json"]);
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, {});
    else parseJson(request, body as string, done);
  });

  useZod(app);
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const sent = onError(error, request, reply);
    measureProblem(metrics, error, reply.statusCode);
    return sent;
  });
  measureRequests(app, metrics);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { callId, userId } = (request.params ?? {}) as { callId?: string; userId?: string };
    const fields = {
      requestId: request.id,
      ...(callId === undefined ? {} : { callId }),
      method: request.method,
      // Without the query, which may carry what is nobody's business; nor is who a person is.
      path: userId === undefined ? request.url.split("?")[0] : request.routeOptions.url,
      status: reply.statusCode,
      tookMs: Math.round(reply.elapsedTime),
    };
    if (request.url.startsWith("/api/") || reply.statusCode >= 400) log.info(fields, "answered");
    else log.debug(fields, "answered");
  });
  addSecurityHeaders(app, livekit.publicUrl);
  const origins = { open: config.apiKey === null, allowedOrigins: config.allowedOrigins };
  guardOrigins(app, origins);
  const ownApp = config.talkPage && config.apiKey !== null ? talkPageApp(config.apiKey) : null;
  const identify = authenticate(app, {
    apiKey: config.apiKey,
    store,
    ownApp,
    refused: (request) => limits.refused(request),
  });
  const limits = await limitRates(app, { perMinute: config.rateLimit, redis: options.redis ?? null });
  if (!config.livekitEnabled) refuseLiveKitRoutes(app);
  idempotentWrites(app, store);
  auditWrites(app, store);
  await describeApi(app, VERSION);

  const checks = {
    postgres: () => store.ping(),
    // Any room will do: it is about the address and the key.
    livekit: async () => void (await whoIsIn(livekit, "readyz")),
  };
  healthRoutes(app, config.livekitEnabled ? checks : { postgres: checks.postgres }, VERSION, () => isClosing);
  pageConfigRoutes(app, {
    agents,
    livekitUrl: livekit.publicUrl,
    publishableKey: ownApp?.publishableKey ?? null,
    version: VERSION,
  });
  const { workerAgents, storedWorkers } = options;
  const directory = allAgents({ store, agents, workerAgents, storedWorkers });
  const beginning = beginningCalls({ store, clock: systemClock });
  const refuseOverQuota = quotas(store, tellOfExcess(store, log));
  tokenRoutes(app, {
    livekit,
    directory,
    defaultAgent: agents[0].name,
    knowsWorkers: () => options.workerAgents().some((name) => name !== STORED_AGENTS),
    origins,
    limits,
    ownAppId: ownApp?.appId ?? null,
    refuseOverQuota,
    beginning,
  });
  callRoutes(app, { store, beginning });
  controlRoutes(app, { store, beginning, livekit, command: options.command, agents: directory, workerAgents });
  conversationRoutes(app, { store, beginning });
  const { feed = noFeed(options), upgrades = liveUpgrades(BODY_LIMIT_BYTES) } = options;
  liveRoutes(app, { store, beginning, feed, upgrades, identify, command: options.command, clock: systemClock, log });
  const connections = { store, livekit, agents: directory, command: options.command, refuseOverQuota };
  connectionRoutes(app, connections);
  roomRoutes(app, { ...connections, defaultAgent: agents[0].name });
  voiceRoutes(app, {
    ...connections,
    defaultAgent: agents[0].name,
    begin: options.begin ?? (async () => undefined),
    livekitEnabled: config.livekitEnabled,
    sessionIdleMs: config.sessionIdleMs ?? SESSION_IDLE_MS,
  });
  const { workerKey = async () => null } = options;
  await parcelRoutes(app, { store, workerKey, refused: limits.refused });
  await liveKitWebhooks(app, {
    livekit,
    store,
    happened: options.happened,
    recorded: options.recorded ?? (() => undefined),
    seen(event) {
      metrics.webhook(event ?? "refused");
      if (event === null) board.failed("webhooks", "one was refused: it is not of this LiveKit");
      else board.worked("webhooks");
    },
  });
  statusRoutes(app, {
    board,
    async ask() {
      await Promise.all([tried(board, "store", checks.postgres), tried(board, "livekit", checks.livekit)]);
      if (options.workerAgents().length > 0) board.worked("workers");
      else board.failed("workers", "no worker is connected");
    },
  });
  agentRoutes(app, { store, secrets: options.secrets, workers: options.storedWorkers });
  agentVersionRoutes(app, store);
  const isOpen = config.apiKey === null;
  metricsRoutes(app, { metrics, metricsKey: config.metricsKey ?? null, isOpen, limits });
  keyRoutes(app, store);
  appRoutes(app, store);
  tenantRoutes(app, store);
  usageRoutes(app, store);
  contextRoutes(app, store);
  const { privateHooks } = config;
  webhookRoutes(app, { store, secrets: options.secrets, privateHooks });
  hookRoutes(app, { store, secrets: options.secrets, privateHooks, breaker: options.hooks ?? breaker(systemClock) });
  auditRoutes(app, store);
  erasureRoutes(app, store, options.deleteRecordings);
  const { storage, keys } = options.recordings;
  recordingRoutes(app, {
    ...{ store, storage, keys },
    seen(error) {
      if (error === null) board.worked("recordings");
      else board.failed("recordings", error);
    },
  });
  await receiveRecordings(app, {
    ...{ store, keys, limits, workerKey },
    received: metrics.recordingReceived,
  });
  await servePage(app, webRoot);
  return app;
}

async function tried(board: StatusBoard, part: Part, check: () => Promise<void>): Promise<void> {
  try {
    await check();
    board.worked(part);
  } catch (error) {
    board.failed(part, error instanceof Error ? error.message : String(error));
  }
}

const noFeed = ({ store, log }: AppOptions): Feed => liveFeed({ store, fanOut: noFanOut, clock: systemClock, log });

/** Our own page, as the other pages are that have a publishable key. */
function talkPageApp(apiKey: string) {
  const publishableKey = derivedPublishableKey(apiKey);
  return { appId: "talk-page", tenantId: null, allowedOrigins: [], agents: [], tokensPerMinute: 120, publishableKey };
}
