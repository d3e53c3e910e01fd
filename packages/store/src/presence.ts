import { Client, type ClientConfig } from "pg";
import { StoreError } from "./error.ts";
import type { StoreLog } from "./log.ts";
import { asStoreError, codeOf } from "./postgres-error.ts";

/** A statement that takes longer raises the question whether anybody is there. */
const SUSPECT_MS = 2_000;
/** How often it is looked at what takes long. */
const LOOK_MS = 200;
const PROBE_MS = 1_500;
/** Between two probes while it is away. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 1_000;

/** Nobody listens there. Whatever else fails may be one connection's trouble, and is asked about. */
const NOBODY = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENOTFOUND"]);

/** Whether Postgres answers. While it does not, nobody waits for it: everything fails at once, what runs included. */
export interface Presence {
  /** Throws StoreError; `store-away` while Postgres does not answer. */
  guarded<T>(run: () => Promise<T>): Promise<T>;
  /** Idempotent. */
  close(): void;
}

interface Running {
  fail(error: StoreError): void;
  sinceMs: number;
  /** It has been asked about. */
  isSlow: boolean;
}

/**
 * A circuit breaker that is closed again by a probe of its own, so that no request has to be the one that tries. The
 * outcome of a write that ran when Postgres went away is not known, as after any broken connection.
 */
export function watchPresence(config: ClientConfig, target: string, log: StoreLog): Presence {
  let away: StoreError | null = null;
  let isProbing = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;
  const running = new Set<Running>();

  function goneAway(cause: StoreError): void {
    if (away !== null || isClosed) return;
    log.error({ code: cause.code }, `${cause.message} Nothing waits for it until it answers again.`);
    const message = `Postgres at ${target} does not answer; try again in a few seconds. (${cause.message})`;
    away = new StoreError(message, { code: "store-away", category: "network", retryable: true, cause });
    for (const { fail } of running) fail(away);
    void probe(FIRST_WAIT_MS);
  }

  function suspect(error: StoreError): void {
    if (isClosed || away !== null) return;
    if (NOBODY.has(codeOf(error))) goneAway(error);
    else if (error.code === "store-unreachable" || error.code === "store-timeout") void probe(FIRST_WAIT_MS);
  }

  async function probe(waitMs: number): Promise<void> {
    if (isProbing || isClosed) return;
    isProbing = true;
    const failure = await ask(config, target);
    isProbing = false;
    if (isClosed) return;
    if (failure === null) {
      if (away !== null) log.info({}, `Postgres at ${target} answers again`);
      away = null;
      return;
    }
    goneAway(failure);
    clearTimeout(timer);
    timer = setTimeout(() => void probe(Math.min(waitMs * 2, LONGEST_WAIT_MS)), waitMs).unref();
  }

  /** What has run for long is asked about, once. */
  function look(): void {
    looking = running.size === 0 ? undefined : setTimeout(look, LOOK_MS).unref();
    const before = performance.now() - SUSPECT_MS;
    const slow = [...running].filter(({ sinceMs, isSlow }) => !isSlow && sinceMs < before);
    for (const one of slow) one.isSlow = true;
    if (slow.length > 0) void probe(FIRST_WAIT_MS);
  }

  return {
    guarded(run) {
      if (away !== null) return Promise.reject(away);
      // Ten thousand times a second on a busy server: no race, and no timer of its own.
      return new Promise((resolve, reject) => {
        const one: Running = { fail: reject, sinceMs: performance.now(), isSlow: false };
        running.add(one);
        looking ??= setTimeout(look, LOOK_MS).unref();
        started(run).then(
          (result) => {
            running.delete(one);
            resolve(result);
          },
          (error) => {
            running.delete(one);
            const failure = asStoreError(error, target);
            suspect(failure);
            reject(failure);
          },
        );
      });
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      clearTimeout(looking);
    },
  };
}

/** What throws before it gives a promise fails like any other. */
async function started<T>(run: () => Promise<T>): Promise<T> {
  return await run();
}

/** Null: it answers, if only that it is full. */
async function ask(config: ClientConfig, target: string): Promise<StoreError | null> {
  const client = new Client({ ...config, connectionTimeoutMillis: PROBE_MS, query_timeout: PROBE_MS });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select 1");
    return null;
  } catch (error) {
    // 53300: too many connections.
    return codeOf(error) === "53300" ? null : asStoreError(error, target);
  } finally {
    void client.end().catch(() => undefined);
  }
}
