import { resolve } from "node:path";
import { readSettings, type SettingProblem } from "@parley/worker/settings";
import { z } from "zod";

const port = (what: string) =>
  z
    .string()
    .regex(/^\d+$/, { error: `must be a port number (${what})` })
    .transform(Number)
    .refine((value) => value >= 1 && value <= 65_535, { error: `must be a port from 1 to 65535 (${what})` });

const liveKitUrl = z.url({
  protocol: /^(wss?|https?)$/,
  error: "must be the address of a LiveKit server, e.g. ws://127.0.0.1:7880 or wss://project.livekit.cloud",
});

/** What decides which parts `parley start` brings along; each part reads its own settings besides. */
const startSettings = z.object({
  NODE_ENV: z.string().optional(),
  LIVEKIT_URL: liveKitUrl.optional(),
  LIVEKIT_SERVER_URL: liveKitUrl.optional(),
  LIVEKIT_API_KEY: z.string().optional(),
  LIVEKIT_API_SECRET: z.string().optional(),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, {
      error: "must be the address of a Postgres, e.g. postgres://user:password@host:5432/parley",
    })
    .optional(),
  PARLEY_DATA: z.string().default(".parley"),
  PARLEY_PORT: port("of the page and the API").default(8080),
  PARLEY_LIVEKIT_PORT: port("of the embedded LiveKit server").default(7880),
  PARLEY_WORKER_KEY: z.string().optional(),
});

export interface StartConfig {
  /** Null: a LiveKit server is started beside. */
  livekit: { url: string; apiKey: string; apiSecret: string } | null;
  livekitPort: number;
  /** Null: a Postgres is started beside. */
  databaseUrl: string | null;
  /** Absolute; everything that is embedded lives in it. */
  dataDir: string;
  port: number;
  /** Null: one is made and kept in the data folder. */
  workerKey: string | null;
  production: boolean;
}

/**
 * What is given and what is to be embedded. In production nothing is embedded: what is missing is named.
 * @throws ParleyError `bad-configuration`
 */
export function readStartConfig(env: NodeJS.ProcessEnv): StartConfig {
  const settings = readSettings(startSettings, env, missing);
  const url = settings.LIVEKIT_URL ?? settings.LIVEKIT_SERVER_URL;
  const { LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret } = settings;
  return {
    livekit: url && apiKey && apiSecret ? { url, apiKey, apiSecret } : null,
    livekitPort: settings.PARLEY_LIVEKIT_PORT,
    databaseUrl: settings.DATABASE_URL ?? null,
    dataDir: resolve(settings.PARLEY_DATA),
    port: settings.PARLEY_PORT,
    workerKey: settings.PARLEY_WORKER_KEY ?? null,
    production: settings.NODE_ENV === "production",
  };
}

function missing(given: Readonly<Record<string, string>>): SettingProblem[] {
  const production = given.NODE_ENV === "production";
  const problems: SettingProblem[] = [];
  const need = (name: string, fix: string): void => {
    if (!given[name]) problems.push({ name, value: undefined, fix });
  };
  const url = given.LIVEKIT_URL ?? given.LIVEKIT_SERVER_URL;
  const livekit = [url, given.LIVEKIT_API_KEY, given.LIVEKIT_API_SECRET];
  if (production || livekit.some(Boolean)) {
    const why = production
      ? "with NODE_ENV=production no LiveKit server is started beside; name yours"
      : "the other LIVEKIT_ settings name a server; set this one too, or none of them for an embedded server";
    if (!url) need("LIVEKIT_URL", why);
    need("LIVEKIT_API_KEY", why);
    need("LIVEKIT_API_SECRET", why);
  }
  if (production) {
    need("DATABASE_URL", "with NODE_ENV=production no Postgres is started beside; name yours");
  }
  return problems;
}
