import { createHash, timingSafeEqual } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ParleyError } from "@parley/engine/error";
import { PROMETHEUS_TYPE } from "@parley/metrics/figures";

export interface WorkerHealth {
  ready: boolean;
  /** Why not, for the person who looks. */
  reason: string | null;
  registered: boolean;
  draining: boolean;
  slots: { taken: number; cap: number | null };
  /** Of the slots taken, those whose agents are not in their rooms yet. */
  joining: number;
  /** How long the calls that run now have run, ms; null: none does. */
  running: { meanMs: number; longestMs: number } | null;
  calls: number;
  load: number;
  /** Of the supervisor's process, by kind. */
  resources: Record<string, number>;
  shards: {
    shardId: number;
    pid: number | null;
    state: string;
    calls: number;
    /** How late its event loop was, smoothed over five seconds, and the part of the time in which it was busy. */
    loopDelayP50Ms: number;
    loopDelayP99Ms: number;
    loopBusy: number;
    /** Cores' worth of CPU, over the same time. */
    cpuCores: number;
    rssBytes: number;
    /** As its last beat told. */
    resources: Record<string, number>;
  }[];
}

export interface Health {
  port: number;
  close(): Promise<void>;
}

/** What `GET /metrics` answers. */
export interface Metrics {
  /** With it only its bearer is answered; null: whoever reaches the port. */
  key: string | null;
  text(): string;
}

// An `import` of it would load the web sockets it carries as well: 30 ms of a start (docs/decisions/014).
const { createServer } = process.getBuiltinModule("node:http");

const USUAL_PORT = 8081;

/**
 * GET /healthz answers 200 while the process lives; GET /readyz answers 200 only when the worker takes calls; GET /metrics
 * answers in Prometheus' text format.
 * Without a wish it is the usual port, or any free one: several workers on one machine need not be told apart by hand.
 * @throws ParleyError `port-taken`, naming PARLEY_WORKER_PORT
 */
export async function openHealth(
  wished: number | null,
  look: () => WorkerHealth,
  metrics: Metrics | null = null,
): Promise<Health> {
  if (wished !== null) return listenOn(wished, look, metrics);
  try {
    return await listenOn(USUAL_PORT, look, metrics);
  } catch (error) {
    if ((error as ParleyError).code !== "port-taken") throw error;
    return listenOn(0, look, metrics);
  }
}

async function listenOn(port: number, look: () => WorkerHealth, metrics: Metrics | null): Promise<Health> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(request.method === "HEAD" ? undefined : JSON.stringify(body));
    };
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, { error: "only GET" });
    if (path === "/healthz") return answer(200, { status: "ok", ...look() });
    if (path === "/readyz") {
      const health = look();
      return answer(health.ready ? 200 : 503, { status: health.ready ? "ready" : "not-ready", ...health });
    }
    if (path === "/metrics" && metrics !== null) {
      if (!mayScrape(metrics.key, request.headers.authorization))
        return answer(401, { error: "send PARLEY_METRICS_KEY as Authorization: Bearer <key>" });
      response.writeHead(200, { "content-type": PROMETHEUS_TYPE, "cache-control": "no-store" });
      return response.end(request.method === "HEAD" ? undefined : metrics.text());
    }
    return answer(404, { error: "there are /healthz, /readyz and /metrics" });
  });
  server.requestTimeout = 5_000;
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const digest = (text: string) => createHash("sha256").update(text).digest();

/** Compared as hashes, so neither length nor content shows in the time it takes. */
function mayScrape(key: string | null, authorization = ""): boolean {
  return key === null || timingSafeEqual(digest(authorization), digest(`Bearer ${key}`));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      const message = taken
        ? `PARLEY_WORKER_PORT=${port}: another program listens there; stop it, choose another port, or 0 for any free one`
        : `PARLEY_WORKER_PORT=${port}: cannot listen there (${cause.message}); choose another port`;
      reject(
        new ParleyError(message, { code: taken ? "port-taken" : "port-refused", category: "configuration", cause }),
      );
    });
    server.listen(port, resolve);
  });
}
