import { measured, PROMETHEUS_TYPE } from "@parley/metrics";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { sameAs } from "../access/authenticate.ts";
import { HttpProblem } from "../http/problem.ts";
import type { RateLimits } from "../http/rate-limits.ts";
import type { ServerMetrics } from "./server-metrics.ts";

export interface MetricsOptions {
  metrics: ServerMetrics;
  /** PARLEY_METRICS_KEY; null: only this machine may ask, and only where it may do everything. */
  metricsKey: string | null;
  /** There is no PARLEY_API_KEY. */
  isOpen: boolean;
  limits: RateLimits;
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** `GET /metrics`, for Prometheus. */
export function metricsRoutes(app: FastifyInstance, { metrics, metricsKey, isOpen, limits }: MetricsOptions): void {
  const isKey = sameAs(metricsKey);

  async function admit(request: FastifyRequest): Promise<void> {
    if (metricsKey === null) {
      if (isOpen && LOOPBACK.test(request.ip)) return;
      throw new HttpProblem(404, "metrics-off", "Set PARLEY_METRICS_KEY on the server, and send it as a bearer.");
    }
    if (isKey(/^Bearer (\S{1,256})$/i.exec(request.headers.authorization ?? "")?.[1] ?? "")) return;
    await limits.refused(request);
    const realm = { "www-authenticate": 'Bearer realm="parley metrics"' };
    throw new HttpProblem(401, "metrics-key-wrong", "Send PARLEY_METRICS_KEY as Authorization: Bearer <key>.", realm);
  }

  app.get(
    "/metrics",
    {
      // By its own key alone: whoever scrapes often takes nothing from those who use the API.
      config: { access: "itself", rateLimit: false },
      schema: {
        summary: "What is measured, in Prometheus' text format",
        description: "With PARLEY_METRICS_KEY as bearer. Names, units, labels: docs/metrics.md.",
        tags: ["server"],
        response: { 200: z.string() },
      },
    },
    async (request, reply) => {
      await admit(request);
      return reply
        .type(PROMETHEUS_TYPE)
        .header("cache-control", "no-store")
        .serializer((text: string) => text)
        .send(metrics.text());
    },
  );
}

/** A request that failed through no fault of its sender's. */
export function measureProblem(metrics: ServerMetrics, error: { code?: string; name?: string }, status: number): void {
  if (status < 500) return;
  const { code = "internal", name } = error;
  metrics.requestFailed(code, status === 503);
  if (name === "StoreError") metrics.integrationFailed("store");
  else if (code.startsWith("livekit-") && code !== "livekit-disabled") metrics.integrationFailed("livekit");
}

/** Every answer is measured, and how many routes there are. Before any route is added. */
export function measureRequests(app: FastifyInstance, metrics: ServerMetrics): void {
  let routes = 0;
  app.addHook("onRoute", () => void routes++);
  metrics.watch(() => [measured("http_routes", routes, {})]);
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions, is404 } = request;
    const route = is404 ? "none" : (routeOptions.url ?? "none");
    metrics.answered({ method, route, status: reply.statusCode, ms: reply.elapsedTime });
    if (route === "/livekit/create-room" && reply.statusCode === 201) metrics.roomCreated();
  });
}
