import { resolve } from "node:path";
import { ParleyError } from "@parley/engine";
import { describe, expect, test } from "vitest";
import { readServerConfig } from "./config.ts";

const production = {
  NODE_ENV: "production",
  LIVEKIT_URL: "wss://voice.example",
  LIVEKIT_API_KEY: "key",
  LIVEKIT_API_SECRET: "s3cret-s3cret",
  DATABASE_URL: "postgres://u:p@db:5432/parley",
};

function problem(env: NodeJS.ProcessEnv): string {
  try {
    readServerConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ParleyError);
    expect(error).toMatchObject({ code: "bad-configuration", category: "configuration" });
    return (error as ParleyError).message;
  }
  throw new Error("it was accepted");
}

describe("the server's configuration", () => {
  test("needs nothing in development", () => {
    expect(readServerConfig({})).toEqual({
      production: false,
      port: 8080,
      host: "127.0.0.1",
      dataDir: resolve(".parley"),
      livekitEnabled: true,
      livekit: null,
      livekitPublicUrl: null,
      databaseUrl: null,
      apiKey: null,
      secretKeys: [],
      sealFacts: true,
      tls: null,
      loopbackPort: 0,
      privateHooks: "loopback",
      talkPage: true,
      rateLimit: 1_200,
      retentionDays: null,
      recordings: { by: "agent", place: { kind: "folder", path: resolve(".parley/kept-recordings") }, encrypt: false },
      connectionExpiryMs: 1_800_000,
      sessionIdleMs: 300_000,
      redisUrl: null,
      workerKey: null,
      metricsKey: null,
      otlpEndpoint: null,
      allowedOrigins: [],
      connectionTimeoutMs: 30_000,
      requestTimeoutMs: 60_000,
    });
  });

  test("takes what is given", () => {
    const config = readServerConfig({
      ...production,
      LIVEKIT_URL: undefined,
      LIVEKIT_SERVER_URL: "ws://livekit:7880",
      PARLEY_LIVEKIT_PUBLIC_URL: "wss://voice.example",
      PARLEY_PORT: "9000",
      PARLEY_API_KEY: "an-api-key-of-some-length",
      PARLEY_WORKER_KEY: "a-worker-key-of-some-length",
      PARLEY_ALLOWED_ORIGINS: "https://a.example, http://b.example:8080",
      REQUEST_TIMEOUT: "5000",
      PARLEY_WORKER_PORT: "8081",
    });
    expect(config).toMatchObject({
      production: true,
      talkPage: false,
      host: "0.0.0.0",
      port: 9000,
      livekit: { url: "ws://livekit:7880" },
      livekitPublicUrl: "wss://voice.example",
      allowedOrigins: ["https://a.example", "http://b.example:8080"],
      requestTimeoutMs: 5_000,
    });
  });

  test("takes several keys for secrets, to change from one to the next", () => {
    const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const text = keys.map((key) => key.toString("base64")).join(", ");
    expect(readServerConfig({ PARLEY_SECRET_KEY: text }).secretKeys).toEqual(keys);
  });

  test("in production names everything that is missing at once", () => {
    const message = problem({ NODE_ENV: "production" });
    for (const name of ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "DATABASE_URL"]) {
      expect(message).toContain(`${name} is not set`);
    }
  });

  test("keys that could be guessed are refused in production, without being shown", () => {
    const message = problem({ ...production, PARLEY_API_KEY: "hunter2", PARLEY_WORKER_KEY: "hunter22" });
    expect(message).toMatch(/^PARLEY_API_KEY=<7 characters, hidden>: .*at least 16/);
    expect(message).toMatch(/PARLEY_WORKER_KEY=<8 characters, hidden>/);
    expect(message).not.toContain("hunter2");
    expect(readServerConfig({ PARLEY_WORKER_KEY: "dev" })).toMatchObject({ workerKey: "dev" });
  });

  test("without a key only loopback is listened on, in production too", () => {
    expect(readServerConfig(production)).toMatchObject({ host: "127.0.0.1", talkPage: true });
    expect(readServerConfig({ PARLEY_API_KEY: "a-key-of-some-length", PARLEY_HOST: "0.0.0.0" })).toMatchObject({
      host: "0.0.0.0",
      talkPage: false,
    });
  });

  test("tenants' hooks lead to this machine while somebody works at it, and nowhere inside in production", () => {
    expect(readServerConfig(production).privateHooks).toBe("none");
    expect(readServerConfig({ ...production, PARLEY_ALLOW_PRIVATE_HOOKS: "true" }).privateHooks).toBe("all");
    expect(readServerConfig({ PARLEY_ALLOW_PRIVATE_HOOKS: "false" }).privateHooks).toBe("none");
  });

  test("without LiveKit none of its settings is wanted", () => {
    const { DATABASE_URL } = production;
    const config = readServerConfig({ NODE_ENV: "production", LIVEKIT_ENABLED: "false", DATABASE_URL });
    expect(config).toMatchObject({ livekitEnabled: false, livekit: null });
  });

  test("half a LiveKit is named in development too", () => {
    expect(problem({ LIVEKIT_URL: "ws://127.0.0.1:7880" })).toMatch(
      /LIVEKIT_API_KEY is not set[\s\S]*LIVEKIT_API_SECRET is not set/,
    );
  });

  test.each([
    ["PARLEY_PORT", "80x80", /PARLEY_PORT="80x80": must be a whole number/],
    ["PARLEY_PORT", "70000", /from 0 to 65535/],
    ["LIVEKIT_URL", "livekit", /LIVEKIT_URL="livekit": must be the address/],
    ["DATABASE_URL", "mysql://me:hunter2@db/x", /^DATABASE_URL="mysql:\/\/me:\*\*\*@db\/x"/],
    ["PARLEY_ALLOWED_ORIGINS", "https://a.example/path", /without a path/],
    ["PARLEY_HOST", "0.0.0.0", /PARLEY_API_KEY/],
    ["PARLEY_API_KEY", "hunter2", /^PARLEY_API_KEY=<7 characters, hidden>: .*at least 16/],
    ["PARLEY_SECRET_KEY", "aHVudGVyMg==", /^PARLEY_SECRET_KEY=<12 characters, hidden>: must be 32 bytes/],
    ["REDIS_URL", "localhost:6379", /redis:\/\//],
    ["PARLEY_TLS_CERT", "/cert.pem", /PARLEY_TLS_KEY is not set/],
    ["PARLEY_TALK_PAGE", "yes", /must be true or false/],
    ["PARLEY_PROT", "8080", /^PARLEY_PROT="8080": unknown setting; did you mean PARLEY_PORT\?/],
    ["PARLEY_SECRET_SAUCE", "ketchup", /hidden>: unknown setting; known are .*PARLEY_PORT/],
    ["CONNECTION_TIMEOUT", "30s", /CONNECTION_TIMEOUT="30s"/],
  ])("%s=%s stops the start, with the fix", (name, value, message) => {
    expect(problem({ LIVEKIT_API_KEY: "", [name]: value })).toMatch(message);
  });

  test("an empty value counts as unset", () => {
    expect(readServerConfig({ PARLEY_PORT: " ", DATABASE_URL: "" })).toMatchObject({ port: 8080, databaseUrl: null });
  });
});

describe("recordings", () => {
  const s3 = { PARLEY_RECORDINGS_URL: "s3://calls/eu/", AWS_REGION: "eu-west-1" };
  const key = Buffer.alloc(32, 1).toString("base64");

  test("lie in a folder, or in a bucket with keys of their own or the machine's", () => {
    const place = (env: NodeJS.ProcessEnv) => readServerConfig(env).recordings.place;
    expect(place({ PARLEY_RECORDINGS_URL: "/var/calls" })).toEqual({ kind: "folder", path: "/var/calls" });
    const bucket = { kind: "s3", bucket: "calls", prefix: "eu/", region: "eu-west-1", endpoint: null };
    expect(place(s3)).toEqual({ ...bucket, keys: null });
    const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
    const endpoint = "http://127.0.0.1:9000";
    expect(place({ ...s3, ...keys, AWS_ENDPOINT_URL_S3: endpoint })).toEqual({
      ...bucket,
      endpoint,
      keys: { accessKeyId: "id", secretAccessKey: "secret" },
    });
  });

  test("whose settings do not go together stop the start with the fix", () => {
    expect(problem({ PARLEY_RECORDINGS_ENCRYPT: "true" })).toContain("set that too (openssl rand -base64 32)");
    expect(
      problem({ PARLEY_RECORDINGS_ENCRYPT: "true", PARLEY_SECRET_KEY: key, PARLEY_RECORDING_BY: "egress" }),
    ).toContain("in plain");
    expect(problem({ ...s3, AWS_ACCESS_KEY_ID: "id" })).toContain("AWS_SECRET_ACCESS_KEY is not set");
    expect(problem({ PARLEY_RECORDINGS_URL: "calls" })).toContain("must be s3://");
    expect(problem({ PARLEY_RECORDING_BY: "me" })).toContain("must be agent, egress");
    expect(problem({ PARLEY_RECORDING_BY: "egress", LIVEKIT_ENABLED: "false" })).toContain("Egress is LiveKit's");
  });
});
