import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Store } from "@parley/store";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { callRoutes } from "./calls/routes.ts";
import type { ServerConfig } from "./config.ts";
import { healthRoutes } from "./health/routes.ts";
import { apiKeyCheck } from "./http/api-key.ts";
import { guardOrigins } from "./http/origins.ts";
import { onError } from "./http/problem.ts";
import { addSecurityHeaders } from "./http/security-headers.ts";
import { useZod } from "./http/validation.ts";
import { type LiveKitAccess, whoIsIn } from "./livekit.ts";
import type { ServerLog } from "./log.ts";
import { pageConfigRoutes } from "./page-config/routes.ts";
import type { AgentCard } from "./page-config/schema.ts";
import { tokenRoutes } from "./token/routes.ts";
import { VERSION } from "./version.ts";
import { servePage } from "./web/page.ts";

const BODY_LIMIT_BYTES = 64 * 1024;
const HEADER_LIMIT_BYTES = 16 * 1024;
/** Above the usual 60 s of proxies, which would else reuse a connection that we close at that moment. */
const KEEP_ALIVE_MS = 72_000;

export interface AppOptions {
  config: Pick<ServerConfig, "production" | "apiKey" | "allowedOrigins" | "connectionTimeoutMs" | "requestTimeoutMs">;
  livekit: LiveKitAccess;
  store: Pick<Store, "calls" | "facts" | "ping">;
  /** The first one comes when nobody in particular is asked for. */
  agents: readonly [AgentCard, ...AgentCard[]];
  log: ServerLog;
  /** The built talk page. Default: apps/web/dist. */
  webRoot?: string;
}

/** The HTTP side of the server, not yet listening. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, livekit, store, agents, log } = options;
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

  // JSON only. An empty body is allowed: every field of the token request is optional.
  app.removeContentTypeParser(["text/plain", "application/json"]);
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, {});
    else parseJson(request, body as string, done);
  });

  useZod(app);
  app.setErrorHandler(onError);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const fields = {
      requestId: request.id,
      method: request.method,
      // Without the query, which may carry what is nobody's business.
      path: request.url.split("?")[0],
      status: reply.statusCode,
      tookMs: Math.round(reply.elapsedTime),
    };
    if (request.url.startsWith("/api/") || reply.statusCode >= 400) log.info(fields, "answered");
    else log.debug(fields, "answered");
  });
  addSecurityHeaders(app, livekit.publicUrl);
  guardOrigins(app, config);

  const checks = {
    postgres: () => store.ping(),
    // Any room will do: it is about the address and the key.
    livekit: async () => void (await whoIsIn(livekit, "readyz")),
  };
  healthRoutes(app, checks, VERSION, () => isClosing);
  pageConfigRoutes(app, { agents, livekitUrl: livekit.publicUrl, version: VERSION });
  tokenRoutes(app, livekit, agents[0].name, config.apiKey);
  callRoutes(app, store, apiKeyCheck(config));
  await servePage(app, webRoot);
  return app;
}
