import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Redis } from "ioredis";
import { actorOf } from "../access/principal.ts";
import { HttpProblem } from "./problem.ts";

/** Of one address that sends wrong keys: so much less than of one with a good one. */
const WRONG_KEYS_SHARE = 40;

export interface RateLimitOptions {
  /** Of one key, or of one address without a key. */
  perMinute: number;
  /** Shared by all replicas; null: each counts by itself. */
  redis: Redis | null;
}

export interface RateLimits {
  /** Throws HttpProblem 429. */
  refused(request: FastifyRequest): Promise<void>;
  /** A token of this app is wanted. Throws HttpProblem 429. */
  token(request: FastifyRequest, app: { appId: string; tokensPerMinute: number }): Promise<void>;
}

/**
 * Every request is counted, by key or address; the answer's `ratelimit-limit`, `-remaining` and `-reset` say what is
 * left. Redis away: everybody is let through rather than nobody.
 */
export async function limitRates(app: FastifyInstance, { perMinute, redis }: RateLimitOptions): Promise<RateLimits> {
  await app.register(rateLimit, {
    global: true,
    // Behind authentication: by key where there is one.
    hook: "preValidation",
    max: perMinute,
    timeWindow: 60_000,
    enableDraftSpec: true,
    ...(redis === null ? {} : { redis, nameSpace: "parley-rate-" }),
    skipOnError: true,
    keyGenerator: ({ principal, ip }) => (principal.kind === "anyone" ? `ip:${ip}` : actorOf(principal)),
    errorResponseBuilder: (_request, { max, ttl }) => tooMany(max, ttl, "Send fewer, or raise PARLEY_RATE_LIMIT."),
  });
  const countRefused = app.createRateLimit({
    max: Math.ceil(perMinute / WRONG_KEYS_SHARE),
    timeWindow: 60_000,
    keyGenerator: ({ ip }) => `refused:${ip}`,
  });
  const counters = new Map<number, ReturnType<FastifyInstance["createRateLimit"]>>();

  return {
    async refused(request) {
      check(await countRefused(request), "Too many wrong keys from this address.");
    },
    async token(request, { appId, tokensPerMinute }) {
      let count = counters.get(tokensPerMinute);
      if (count === undefined) {
        count = app.createRateLimit({
          max: tokensPerMinute,
          timeWindow: 60_000,
          keyGenerator: ({ principal }) => `tokens:${actorOf(principal)}`,
        });
        counters.set(tokensPerMinute, count);
      }
      check(await count(request), `The app ${appId} gives out ${tokensPerMinute} tokens a minute at most.`);
    },
  };
}

type Counted = Awaited<ReturnType<ReturnType<FastifyInstance["createRateLimit"]>>>;

function check(counted: Counted, why: string): void {
  if (!counted.isAllowed && counted.isExceeded) throw tooMany(counted.max, counted.ttl, why);
}

function tooMany(max: number, ttlMs: number, fix: string): HttpProblem {
  const detail = `More than ${max} requests a minute. ${fix}`;
  return new HttpProblem(429, "too-many-requests", detail, { "retry-after": String(Math.ceil(ttlMs / 1000)) });
}
