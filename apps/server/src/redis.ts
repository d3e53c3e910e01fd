import { Redis } from "ioredis";
import type { ServerLog } from "./log.ts";

const CONNECT_MS = 2_000;
const ANSWER_MS = 500;
const LONGEST_RETRY_MS = 5_000;

/**
 * A connection that comes back by itself. While it is away every command fails at once: whoever asks goes on without
 * it, and no request waits for it.
 */
export function openRedis(url: string, log: ServerLog): Redis {
  const redis = new Redis(url, {
    connectTimeout: CONNECT_MS,
    commandTimeout: ANSWER_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(100 * 2 ** Math.min(attempt, 6), LONGEST_RETRY_MS),
  });
  let isAway = false;
  redis.on("error", (error: Error) => {
    if (!isAway) log.warn({ err: error }, "Redis is away: replicas count by themselves until it is back");
    isAway = true;
  });
  redis.on("ready", () => {
    if (isAway) log.info("Redis is back");
    isAway = false;
  });
  return redis;
}
