import { resolve } from "node:path";
import {
  dataFolder,
  liveKitUrl,
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
import type { PrivateHooks } from "./outgoing/address.ts";
import {
  type RecordingsConfig,
  recordingProblems,
  recordingsConfig,
  recordingsUrl,
  s3Endpoint,
} from "./recordings/config.ts";
import type { TlsFiles } from "./tls.ts";

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|::1)$/;
const MIN_KEY_LENGTH = 16;

const origins = z
  .string()
  .transform((text) =>
    text
      .split(",")
      .map((origin) => origin.trim())
      .filter(Boolean),
  )
  .refine((list) => list.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin), {
    error: "must be origins such as https://www.example.com, separated by commas, without a path",
  });

const secretKeys = z
  .string()
  .transform((text) => text.split(",").map((key) => Buffer.from(key.trim(), "base64")))
  .refine((keys) => keys.every((key) => key.length === 32), {
    error: "must be 32 bytes in base64 (openssl rand -base64 32), or several with commas between: the first seals",
  });

/** Every setting that the server reads, with its default. */
const serverSettings = z.object({
  NODE_ENV: z.string().optional(),
  PARLEY_PORT: port("of the page and the API").default(8080),
  PARLEY_HOST: z.string().optional(),
  PARLEY_DATA: dataFolder,
  LIVEKIT_URL: liveKitUrls.optional(),
  LIVEKIT_SERVER_URL: liveKitUrls.optional(),
  LIVEKIT_ENABLED: yesOrNo("whether people can be called").default(true),
  LIVEKIT_API_KEY: z.string().optional(),
  LIVEKIT_API_SECRET: z.string().optional(),
  PARLEY_LIVEKIT_PUBLIC_URL: liveKitUrl.optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, {
      error: "must be the address of a Postgres, e.g. postgres://user:password@host:5432/parley",
    })
    .optional(),
  PARLEY_API_KEY: z.string().optional(),
  PARLEY_WORKER_KEY: z.string().optional(),
  PARLEY_SECRET_KEY: secretKeys.default([]),
  PARLEY_TLS_CERT: z.string().optional(),
  PARLEY_TLS_KEY: z.string().optional(),
  PARLEY_METRICS_KEY: metricsKey.optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint.optional(),
  PARLEY_TALK_PAGE: yesOrNo("whether strangers may call from the talk page").optional(),
  PARLEY_RETENTION_DAYS: wholeNumber(1, 3_650, "days that calls are kept").optional(),
  PARLEY_RECORDING_BY: recordingBy,
  PARLEY_RECORDINGS_URL: recordingsUrl.optional(),
  PARLEY_RECORDINGS_ENCRYPT: yesOrNo("whether recordings are encrypted where they lie").default(false),
  AWS_ENDPOINT_URL_S3: s3Endpoint.optional(),
  AWS_REGION: z.string().default("us-east-1"),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
  PARLEY_SEAL_FACTS: yesOrNo("whether what people say and who they are is sealed in the database").default(true),
  PARLEY_RATE_LIMIT: wholeNumber(1, 1_000_000, "requests a minute of one key").default(1_200),
  PARLEY_CONNECTION_EXPIRY_MINUTES: wholeNumber(1, 10_080, "minutes that a room waits for its first person").default(
    30,
  ),
  PARLEY_SESSION_IDLE_MINUTES: wholeNumber(1, 1_440, "minutes that a session waits for its next turn").default(5),
  PARLEY_ALLOW_PRIVATE_HOOKS: yesOrNo("whether webhooks and hooks may lead into this network").optional(),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, { error: "must be the address of a Redis, e.g. redis://:password@host:6379" })
    .optional(),
  PARLEY_ALLOWED_ORIGINS: origins.default([]),
  CONNECTION_TIMEOUT: waitMs("a connection").default(30_000),
  REQUEST_TIMEOUT: waitMs("an answer").default(60_000),
});

export interface ServerConfig {
  production: boolean;
  /** 0 takes any free one. */
  port: number;
  /** What to listen on. Loopback, except in production. */
  host: string;
  /** Absolute. */
  dataDir: string;
  /** False: nothing of LiveKit is used or embedded. */
  livekitEnabled: boolean;
  /** Null: not given, so something is to be embedded. */
  livekit: { url: string; fallbackUrls: readonly string[]; apiKey: string; apiSecret: string } | null;
  /** Where browsers reach LiveKit, when that differs. */
  livekitPublicUrl: string | null;
  databaseUrl: string | null;
  /** PARLEY_API_KEY; null: only loopback is listened on, and it is trusted. */
  apiKey: string | null;
  /** Of secrets in the database; the first seals, all open. None: no secrets are taken. */
  secretKeys: readonly Buffer[];
  /** What people say and who they are lies sealed in the database, each with their own data key. */
  sealFacts: boolean;
  /** Null: without TLS, or a proxy in front does it. */
  tls: TlsFiles | null;
  /** With TLS: the port on loopback where this machine's own parts find the server without. 0 takes any free one. */
  loopbackPort: number;
  /** Whoever finds the talk page may call from it. */
  talkPage: boolean;
  /** Requests a minute of one key, or of one address without a key. */
  rateLimit: number;
  /** After so many days calls are erased, unless their tenant says otherwise; null: never. */
  retentionDays: number | null;
  recordings: RecordingsConfig;
  /** A connection that nobody has entered by then is over. */
  connectionExpiryMs: number;
  /** How long a session of process-voice waits for its next turn. */
  sessionIdleMs: number;
  /** Where webhooks and hooks of tenants may lead inside our own network. */
  privateHooks: PrivateHooks;
  /** Shared by several replicas; null: there is one, or Postgres will do. */
  redisUrl: string | null;
  workerKey: string | null;
  /** Of GET /metrics; null: only where there is no PARLEY_API_KEY, and then to this machine. */
  metricsKey: string | null;
  /** Of an OpenTelemetry collector; null: nothing is sent. */
  otlpEndpoint: string | null;
  /** Pages of these origins may use the API besides our own. */
  allowedOrigins: readonly string[];
  connectionTimeoutMs: number;
  requestTimeoutMs: number;
}

/**
 * The server's configuration from the environment; an empty value counts as unset.
 * @throws ParleyError `bad-configuration`, naming every bad or missing setting, its value (secrets hidden) and the fix.
 */
export function readServerConfig(env: NodeJS.ProcessEnv): ServerConfig {
  const read = readSettings(serverSettings, env, (given) => [
    ...missing(given),
    ...halfTls(given),
    ...exposed(given),
    ...guessable(given),
    ...recordingProblems(given),
  ]);
  const production = read.NODE_ENV === "production";
  const address = read.LIVEKIT_URL ?? read.LIVEKIT_SERVER_URL;
  const { LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret, PARLEY_TLS_CERT: cert, PARLEY_TLS_KEY: key } = read;
  return {
    production,
    port: read.PARLEY_PORT,
    host: read.PARLEY_HOST ?? (production && read.PARLEY_API_KEY !== undefined ? "0.0.0.0" : "127.0.0.1"),
    dataDir: resolve(read.PARLEY_DATA),
    livekitEnabled: read.LIVEKIT_ENABLED,
    livekit: address && apiKey && apiSecret ? { ...address, apiKey, apiSecret } : null,
    livekitPublicUrl: read.PARLEY_LIVEKIT_PUBLIC_URL ?? null,
    databaseUrl: read.DATABASE_URL ?? null,
    apiKey: read.PARLEY_API_KEY ?? null,
    secretKeys: read.PARLEY_SECRET_KEY,
    sealFacts: read.PARLEY_SEAL_FACTS,
    tls: cert && key ? { cert: resolve(cert), key: resolve(key) } : null,
    loopbackPort: 0,
    talkPage: read.PARLEY_TALK_PAGE ?? read.PARLEY_API_KEY === undefined,
    rateLimit: read.PARLEY_RATE_LIMIT,
    retentionDays: read.PARLEY_RETENTION_DAYS ?? null,
    recordings: recordingsConfig(read),
    connectionExpiryMs: read.PARLEY_CONNECTION_EXPIRY_MINUTES * 60_000,
    sessionIdleMs: read.PARLEY_SESSION_IDLE_MINUTES * 60_000,
    privateHooks: privateHooks(read.PARLEY_ALLOW_PRIVATE_HOOKS, production),
    redisUrl: read.REDIS_URL ?? null,
    workerKey: read.PARLEY_WORKER_KEY ?? null,
    metricsKey: read.PARLEY_METRICS_KEY ?? null,
    otlpEndpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    allowedOrigins: read.PARLEY_ALLOWED_ORIGINS,
    connectionTimeoutMs: read.CONNECTION_TIMEOUT,
    requestTimeoutMs: read.REQUEST_TIMEOUT,
  };
}

/** On a machine that somebody works at, their own receivers. */
function privateHooks(given: boolean | undefined, production: boolean): PrivateHooks {
  if (given === undefined) return production ? "none" : "loopback";
  return given ? "all" : "none";
}

type Given = Readonly<Record<string, string>>;

function missing(given: Given): SettingProblem[] {
  const names = given.LIVEKIT_ENABLED === "false" ? [] : ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"];
  const has = (name: string) => Boolean(given[name] ?? (name === "LIVEKIT_URL" ? given.LIVEKIT_SERVER_URL : undefined));
  const without = (wanted: string[], fix: string) =>
    wanted.filter((name) => !has(name)).map((name) => ({ name, value: undefined, fix }));
  if (given.NODE_ENV === "production") {
    return without([...names, "DATABASE_URL"], "with NODE_ENV=production nothing is embedded, so name your own");
  }
  if (!names.some(has)) return [];
  return without(names, "the other LIVEKIT_ settings name a server; set this one too, or none of them");
}

/** Without a key in front of it, nothing but this machine may reach the API. */
function exposed(given: Given): SettingProblem[] {
  const host = given.PARLEY_HOST;
  if (given.PARLEY_API_KEY !== undefined || host === undefined || LOOPBACK.test(host)) return [];
  const fix = "without PARLEY_API_KEY only loopback is listened on (127.0.0.1); for others to reach it set that key";
  return [{ name: "PARLEY_HOST", value: host, fix }];
}

function halfTls(given: Given): SettingProblem[] {
  const names = ["PARLEY_TLS_CERT", "PARLEY_TLS_KEY"];
  const missing = names.filter((name) => given[name] === undefined);
  if (missing.length !== 1) return [];
  return missing.map((name) => ({
    name,
    value: undefined,
    fix: "certificate and key belong together; set both or none",
  }));
}

function guessable(given: Given): SettingProblem[] {
  const fix = `it must have at least ${MIN_KEY_LENGTH} characters; make one with: openssl rand -base64 32`;
  // A worker's key that nobody else can reach the server with may be short; the other opens everything.
  return ["PARLEY_API_KEY", ...(given.NODE_ENV === "production" ? ["PARLEY_WORKER_KEY"] : [])]
    .filter((name) => given[name] !== undefined && given[name].length < MIN_KEY_LENGTH)
    .map((name) => ({ name, value: given[name], fix }));
}
