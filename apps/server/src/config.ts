import { resolve } from "node:path";
import { ParleyError } from "@parley/engine";
import { z } from "zod";
import { printable, suggestion } from "./setting-text.ts";

const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|::1)$/;
const MIN_KEY_LENGTH = 16;

const wholeNumber = (least: number, most: number) => {
  const fix = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error: fix })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error: fix });
};
const liveKitUrl = z.url({
  protocol: /^(wss?|https?)$/,
  error: "must be the address of a LiveKit server, e.g. ws://127.0.0.1:7880 or wss://project.livekit.cloud",
});
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

/** Every setting that the server reads, with its default. */
const settings = z.object({
  NODE_ENV: z.string().optional(),
  PARLEY_PORT: wholeNumber(0, 65_535).default(8080),
  PARLEY_HOST: z.string().optional(),
  PARLEY_DATA: z.string().default(".parley"),
  LIVEKIT_URL: liveKitUrl.optional(),
  LIVEKIT_SERVER_URL: liveKitUrl.optional(),
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
  PARLEY_ALLOWED_ORIGINS: origins.default([]),
  CONNECTION_TIMEOUT: wholeNumber(1_000, 3_600_000).default(30_000),
  REQUEST_TIMEOUT: wholeNumber(1_000, 3_600_000).default(60_000),
});

/** Settings of Parley's other programs, which may stand in the same environment. */
const OTHERS = [
  "PARLEY_CALLS_MAX_MB",
  "PARLEY_DRAIN_MS",
  "PARLEY_LIVEKIT_PORT",
  "PARLEY_LOG_LEVEL",
  "PARLEY_SHARDS",
  "PARLEY_WORKER_PORT",
];

export interface ServerConfig {
  production: boolean;
  /** 0 takes any free one. */
  port: number;
  /** What to listen on. Loopback, except in production. */
  host: string;
  /** Absolute. */
  dataDir: string;
  /** Null: not given, so something is to be embedded. */
  livekit: { url: string; apiKey: string; apiSecret: string } | null;
  /** Where browsers reach LiveKit, when that differs. */
  livekitPublicUrl: string | null;
  databaseUrl: string | null;
  /** For /api/calls in production. */
  apiKey: string | null;
  workerKey: string | null;
  /** Pages of these origins may use the API besides our own. */
  allowedOrigins: readonly string[];
  connectionTimeoutMs: number;
  requestTimeoutMs: number;
}

/**
 * The server's configuration from the environment; an empty value counts as unset.
 * Throws ParleyError `bad-configuration`, naming every bad or missing setting, its value (secrets hidden) and the fix.
 */
export function readServerConfig(env: NodeJS.ProcessEnv): ServerConfig {
  const given: Record<string, string> = {};
  for (const name of Object.keys(settings.shape)) {
    const value = env[name]?.trim();
    if (value) given[name] = value;
  }
  const problems = [...unknownNames(env), ...missing(given), ...exposed(given), ...guessable(given)];
  const parsed = settings.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    problems.push(`${name}=${printable(name, given[name] ?? "")}: ${issue.message}`);
  }
  if (!parsed.success || problems.length > 0) {
    throw new ParleyError(problems.join("\n"), { code: "bad-configuration", category: "configuration" });
  }
  const read = parsed.data;
  const production = read.NODE_ENV === "production";
  const url = read.LIVEKIT_URL ?? read.LIVEKIT_SERVER_URL;
  const { LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret } = read;
  return {
    production,
    port: read.PARLEY_PORT,
    host: read.PARLEY_HOST ?? (production ? "0.0.0.0" : "127.0.0.1"),
    dataDir: resolve(read.PARLEY_DATA),
    livekit: url && apiKey && apiSecret ? { url, apiKey, apiSecret } : null,
    livekitPublicUrl: read.PARLEY_LIVEKIT_PUBLIC_URL ?? null,
    databaseUrl: read.DATABASE_URL ?? null,
    apiKey: read.PARLEY_API_KEY ?? null,
    workerKey: read.PARLEY_WORKER_KEY ?? null,
    allowedOrigins: read.PARLEY_ALLOWED_ORIGINS,
    connectionTimeoutMs: read.CONNECTION_TIMEOUT,
    requestTimeoutMs: read.REQUEST_TIMEOUT,
  };
}

function unknownNames(env: NodeJS.ProcessEnv): string[] {
  const known = [...Object.keys(settings.shape).filter((name) => name.startsWith("PARLEY_")), ...OTHERS].sort();
  return Object.keys(env)
    .filter((name) => name.startsWith("PARLEY_") && !known.includes(name))
    .map((name) => `${name}=${printable(name, env[name] ?? "")}: unknown setting; ${suggestion(name, known)}`);
}

function missing(given: Readonly<Record<string, string>>): string[] {
  const names = ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"];
  const has = (name: string) => Boolean(given[name] ?? (name === "LIVEKIT_URL" ? given.LIVEKIT_SERVER_URL : undefined));
  if (given.NODE_ENV === "production") {
    return [...names, "DATABASE_URL"]
      .filter((name) => !has(name))
      .map((name) => `${name} is not set: with NODE_ENV=production nothing is embedded, so name your own`);
  }
  if (!names.some(has)) return [];
  return names
    .filter((name) => !has(name))
    .map((name) => `${name} is not set: the other LIVEKIT_ settings name a server; set this one too, or none of them`);
}

/** Without a key in front of it, nothing but this machine may reach the API. */
function exposed(given: Readonly<Record<string, string>>): string[] {
  const host = given.PARLEY_HOST;
  if (given.NODE_ENV === "production" || host === undefined || LOOPBACK.test(host)) return [];
  return [
    `PARLEY_HOST=${printable("PARLEY_HOST", host)}: in development only loopback is listened on (127.0.0.1); for others to reach it set NODE_ENV=production`,
  ];
}

function guessable(given: Readonly<Record<string, string>>): string[] {
  if (given.NODE_ENV !== "production") return [];
  return ["PARLEY_API_KEY", "PARLEY_WORKER_KEY"]
    .filter((name) => given[name] !== undefined && given[name].length < MIN_KEY_LENGTH)
    .map((name) => {
      const fix = `in production it must have at least ${MIN_KEY_LENGTH} characters; make one with: openssl rand -base64 32`;
      return `${name}=${printable(name, given[name] ?? "")}: ${fix}`;
    });
}
