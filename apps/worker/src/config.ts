import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";
import type { IceSettings } from "@parley/livekit";
import {
  dataFolder,
  filesKeys,
  httpUrl,
  iceServers,
  liveKitUrls,
  metricsKey,
  otlpEndpoint,
  port,
  readSettings,
  recordingBy,
  type SettingProblem,
  waitMs,
  wholeNumber,
  yesOrNo,
} from "@parley/settings";
import { z } from "zod";
import { readSeat } from "./token-seat.ts";

/** A shard with its models loaded takes some 300 MB; a machine is not filled with shards that it cannot hold. */
const SHARD_MEMORY_BYTES = 512 * 1024 * 1024;
const MOST_SHARDS = 16;

const LIVEKIT_WHERE = "take it from your LiveKit server's configuration, or from LiveKit Cloud's settings page";

/** Every setting that the worker reads, with its default. */
export const workerSettings = z.object({
  LIVEKIT_ENABLED: yesOrNo("whether people can be called").default(true),
  LIVEKIT_URL: liveKitUrls.optional(),
  LIVEKIT_SERVER_URL: liveKitUrls.optional(),
  LIVEKIT_API_KEY: z.string().optional(),
  LIVEKIT_API_SECRET: z.string().optional(),
  LIVEKIT_TOKEN: z.string().optional(),
  BACKEND_URL: httpUrl("a Parley server", "http://127.0.0.1:8080").optional(),
  PARLEY_WORKER_KEY: z.string().optional(),
  PARLEY_METRICS_KEY: metricsKey.optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint.optional(),
  PARLEY_DATA: dataFolder,
  PARLEY_HTTP_TOOLS_PRIVATE: yesOrNo("whether HTTP tools may reach private addresses").default(false),
  PARLEY_ICE_SERVERS: iceServers.optional(),
  PARLEY_ICE_TRANSPORT: z.enum(["all", "relay"], { error: "must be all or relay" }).default("all"),
  PARLEY_WORKER_PORT: port("of /healthz, /readyz and /metrics").optional(),
  PARLEY_SHARDS: wholeNumber(
    1,
    256,
    "processes that run calls; unset: as many as calls need, up to one per core",
  ).optional(),
  PARLEY_DRAIN_MS: wholeNumber(0, 86_400_000, "how long running calls may go on after a stop, in ms").optional(),
  PARLEY_FILES_KEY: filesKeys,
  PARLEY_RECORDING_BY: recordingBy,
  PARLEY_RECORDINGS_MAX_MB: wholeNumber(1, 1_048_576, "room for recordings that no server has taken").default(2_048),
  PARLEY_CALLS_MAX_MB: wholeNumber(1, 1_048_576, "room for call files when no server takes them").default(512),
  PARLEY_LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "silent"], {
      error: "must be one of trace, debug, info, warn, error, silent",
    })
    .default("info"),
  MAX_CONCURRENT_JOBS: wholeNumber(1, 100_000, "most calls at once; unset: load decides").optional(),
  CONNECTION_TIMEOUT: waitMs("a connection").default(30_000),
  REQUEST_TIMEOUT: waitMs("an answer").default(60_000),
});

export type LogLevel = z.infer<typeof workerSettings>["PARLEY_LOG_LEVEL"];

/** `token`: the one room that is joined; then nothing is registered, and key and secret may be empty. */
export interface LiveKitSettings {
  url: string;
  fallbackUrls: readonly string[];
  apiKey: string;
  apiSecret: string;
  token: string | null;
}

export interface WorkerConfig {
  /** Absolute path of the agent's module; null: it runs stored agents, which the server names and tells of. */
  agentFile: string | null;
  /** Absolute paths of modules whose tools stored agents may name. */
  toolFiles: readonly string[];
  /** HTTP tools of stored agents may reach loopback and private addresses. */
  httpToolsPrivate: boolean;
  /** Null: there is none, and only calls without a room are taken, which the server orders. */
  livekit: LiveKitSettings | null;
  /** How agents' media finds its way to LiveKit. */
  ice: IceSettings;
  /** Where call logs are shipped; null: they stay in `dataDir`. */
  backend: { url: string; key: string } | null;
  /** Absolute. Call files are in its `calls` folder. */
  dataDir: string;
  /** Of healthz and readyz; 0 takes any free port. */
  port: number | null;
  /** Null: whoever reaches the port may read `/metrics`. */
  metricsKey: string | null;
  /** Of an OpenTelemetry collector; null: nothing is sent. */
  otlpEndpoint: string | null;
  /** The most processes that run calls. */
  shards: number;
  /** As many when nobody calls. */
  shardsAtRest: number;
  /** Null: load decides. */
  maxConcurrentJobs: number | null;
  /** How long running calls may go on after a stop; null: 10 minutes on SIGTERM, 30 s on SIGINT. */
  drainMs: number | null;
  callsMaxMb: number;
  /** Of call files, in base64: the first seals, all open. None: they are plain. */
  filesKeys: readonly string[];
  /** Who makes recordings; nobody but `agent` concerns the worker. */
  recordingBy: "agent" | "egress" | "off";
  recordingsMaxMb: number;
  connectionTimeoutMs: number;
  requestTimeoutMs: number;
  logLevel: LogLevel;
}

export function defaultShards(cores = availableParallelism(), memoryBytes = totalmem()): number {
  return Math.max(1, Math.min(cores, Math.floor(memoryBytes / SHARD_MEMORY_BYTES), MOST_SHARDS));
}

function missingTogether(given: Readonly<Record<string, string>>): SettingProblem[] {
  const problems = given.LIVEKIT_ENABLED === "false" ? withoutLiveKit(given) : missingLiveKit(given);
  if (given.BACKEND_URL && !given.PARLEY_WORKER_KEY) {
    const fix = "BACKEND_URL is set, and the server at it takes logs only with this key; or unset BACKEND_URL";
    problems.push({ name: "PARLEY_WORKER_KEY", value: undefined, fix });
  }
  return problems;
}

function missingLiveKit(given: Readonly<Record<string, string>>): SettingProblem[] {
  const problems = given.LIVEKIT_TOKEN === undefined ? missingKeys(given) : badToken(given.LIVEKIT_TOKEN);
  if (given.LIVEKIT_URL || given.LIVEKIT_SERVER_URL) return problems;
  const fix =
    "set it (or LIVEKIT_SERVER_URL) to the address of a LiveKit server, e.g. ws://127.0.0.1:7880; " +
    "or LIVEKIT_ENABLED=false, to take calls without a room only";
  return [{ name: "LIVEKIT_URL", value: undefined, fix }, ...problems];
}

/** Nobody but the server has calls for it then. */
function withoutLiveKit(given: Readonly<Record<string, string>>): SettingProblem[] {
  const problems: SettingProblem[] = [];
  if (given.LIVEKIT_TOKEN !== undefined) {
    const fix = "it is for a room of LiveKit's, and LIVEKIT_ENABLED=false: unset one of them";
    problems.push({ name: "LIVEKIT_TOKEN", value: given.LIVEKIT_TOKEN, fix });
  }
  if (!given.BACKEND_URL) {
    const fix =
      "LIVEKIT_ENABLED=false, so calls come from a Parley server alone: set its address, e.g. http://127.0.0.1:8080";
    problems.push({ name: "BACKEND_URL", value: undefined, fix });
  }
  return problems;
}

/** Stored agents are known to the server alone. */
function missingServer(given: Readonly<Record<string, string>>): SettingProblem[] {
  // Without LiveKit it is missed already.
  if (given.BACKEND_URL || given.LIVEKIT_ENABLED === "false") return [];
  const fix = "stored agents are got from a Parley server: set its address, e.g. http://127.0.0.1:8080";
  return [{ name: "BACKEND_URL", value: undefined, fix }];
}

function missingKeys(given: Readonly<Record<string, string>>): SettingProblem[] {
  const fix = `the worker registers with it; ${LIVEKIT_WHERE}, or set LIVEKIT_TOKEN to join a single room`;
  return ["LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]
    .filter((name) => given[name] === undefined)
    .map((name) => ({ name, value: undefined, fix }));
}

function badToken(token: string): SettingProblem[] {
  const seat = readSeat(token);
  const name = "LIVEKIT_TOKEN";
  if (seat === null) return [{ name, value: token, fix: "must be a LiveKit token that lets its bearer join a room" }];
  if (seat.expiresAt === null || seat.expiresAt > Date.now()) return [];
  return [{ name, value: token, fix: `it expired at ${new Date(seat.expiresAt).toISOString()}; make a new one` }];
}

/**
 * The worker's configuration from the environment.
 * @throws ParleyError `bad-configuration`, naming each setting, its value (secrets hidden) and the fix.
 */
export function readWorkerConfig(
  agentFile: string | null,
  env: NodeJS.ProcessEnv,
  toolFiles: readonly string[] = [],
): WorkerConfig {
  const settings = readSettings(workerSettings, env, (given) => [
    ...missingTogether(given),
    ...(agentFile === null ? missingServer(given) : []),
  ]);
  return {
    agentFile: agentFile === null ? null : resolve(agentFile),
    toolFiles: toolFiles.map((file) => resolve(file)),
    httpToolsPrivate: settings.PARLEY_HTTP_TOOLS_PRIVATE,
    livekit: settings.LIVEKIT_ENABLED
      ? {
          ...(settings.LIVEKIT_URL ?? settings.LIVEKIT_SERVER_URL)!,
          apiKey: settings.LIVEKIT_API_KEY ?? "",
          apiSecret: settings.LIVEKIT_API_SECRET ?? "",
          token: settings.LIVEKIT_TOKEN ?? null,
        }
      : null,
    ice: { servers: settings.PARLEY_ICE_SERVERS ?? [], relayOnly: settings.PARLEY_ICE_TRANSPORT === "relay" },
    backend:
      settings.BACKEND_URL && settings.PARLEY_WORKER_KEY
        ? { url: settings.BACKEND_URL, key: settings.PARLEY_WORKER_KEY }
        : null,
    dataDir: resolve(settings.PARLEY_DATA),
    port: settings.PARLEY_WORKER_PORT ?? null,
    metricsKey: settings.PARLEY_METRICS_KEY ?? null,
    otlpEndpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    shards: settings.PARLEY_SHARDS ?? defaultShards(),
    shardsAtRest: settings.PARLEY_SHARDS ?? 1,
    maxConcurrentJobs: settings.MAX_CONCURRENT_JOBS ?? null,
    drainMs: settings.PARLEY_DRAIN_MS ?? null,
    callsMaxMb: settings.PARLEY_CALLS_MAX_MB,
    filesKeys: settings.PARLEY_FILES_KEY,
    recordingBy: settings.PARLEY_RECORDING_BY,
    recordingsMaxMb: settings.PARLEY_RECORDINGS_MAX_MB,
    connectionTimeoutMs: settings.CONNECTION_TIMEOUT,
    requestTimeoutMs: settings.REQUEST_TIMEOUT,
    logLevel: settings.PARLEY_LOG_LEVEL,
  };
}
