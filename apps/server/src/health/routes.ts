import type { FastifyInstance } from "fastify";
import { health, type Readiness, readiness } from "./schema.ts";

/** Load balancers ask often, and several of them: the parts are asked once a second at most. */
const FRESH_MS = 1_000;
const CHECK_MS = 4_000;

export type Checks = Readonly<Record<string, () => Promise<void>>>;

export function healthRoutes(app: FastifyInstance, checks: Checks, version: string, isClosing: () => boolean): void {
  let latest: { atMs: number; answer: Promise<Readiness> } | undefined;

  // The process lives and its loop turns; nothing else is asked, or an outage of Postgres would restart us.
  const alive = { summary: "The process lives", tags: ["server"], response: { 200: health } };
  app.get("/healthz", { config: { access: "public" }, schema: alive }, async () => ({
    status: "ok" as const,
    version,
  }));

  const ready = {
    summary: "The parts that it needs answer",
    tags: ["server"],
    response: { 200: readiness, 503: readiness },
  };
  app.get("/readyz", { config: { access: "public" }, schema: ready }, async (_request, reply) => {
    if (latest === undefined || performance.now() - latest.atMs > FRESH_MS) {
      latest = { atMs: performance.now(), answer: checkAll(checks) };
    }
    const answer = isClosing() ? closing : await latest.answer;
    return reply
      .code(answer.status === "ready" ? 200 : 503)
      .header("cache-control", "no-store")
      .send(answer);
  });
}

const closing: Readiness = {
  status: "not-ready",
  missing: ["server"],
  parts: { server: { ready: false, problem: "the server stops" } },
};

async function checkAll(checks: Checks): Promise<Readiness> {
  const parts = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const problem = await within(check(), CHECK_MS).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      return [name, problem === undefined ? { ready: true } : { ready: false, problem }] as const;
    }),
  );
  const missing = parts.filter(([, part]) => !part.ready).map(([name]) => name);
  return { status: missing.length === 0 ? "ready" : "not-ready", missing, parts: Object.fromEntries(parts) };
}

function within(task: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  return Promise.race([task, late.promise]).finally(() => clearTimeout(timer));
}
