import { KNOWN_PARLEY_SETTINGS } from "@parley/settings";
import { describe, expect, it } from "vitest";
import { readStartConfig, withPorts } from "./config.ts";

const livekit = { LIVEKIT_URL: "wss://lk", LIVEKIT_API_KEY: "key", LIVEKIT_API_SECRET: "s3cret" };
const production = { ...livekit, NODE_ENV: "production", DATABASE_URL: "postgres://db/x" };

describe("what parley start brings along", () => {
  it("embeds everything when nothing is given", () => {
    expect(readStartConfig({})).toMatchObject({
      livekitPort: 7880,
      server: { livekit: null, databaseUrl: null, port: 8080 },
    });
  });

  it("uses what is given", () => {
    const config = readStartConfig({ ...livekit, PARLEY_LIVEKIT_PORT: "7000", DATABASE_URL: "postgres://db/x" });
    expect(config).toMatchObject({
      livekitPort: 7000,
      server: { livekit: { url: "wss://lk" }, databaseUrl: "postgres://db/x" },
    });
  });

  it.each(["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "DATABASE_URL"])(
    "in production wants %s",
    (name) => {
      expect(readStartConfig(production).server.production).toBe(true);
      expect(() => readStartConfig({ ...production, [name]: undefined })).toThrow(`${name} is not set`);
    },
  );

  it.each(["x", "70000", "-1"])("refuses PARLEY_LIVEKIT_PORT=%s", (value) => {
    expect(() => readStartConfig({ PARLEY_LIVEKIT_PORT: value })).toThrow(`PARLEY_LIVEKIT_PORT="${value}"`);
  });

  it("knows every port before anything is up", async () => {
    const { server, livekitPort } = await withPorts(readStartConfig({ PARLEY_PORT: "0", PARLEY_LIVEKIT_PORT: "0" }));
    expect(server.port).toBeGreaterThan(0);
    expect(livekitPort).toBeGreaterThan(0);
    expect(livekitPort).not.toBe(server.port);
  });

  it("is not stopped by a setting that belongs to another of Parley's programs", () => {
    const values: Record<string, string> = {
      PARLEY_ALLOW_PRIVATE_HOOKS: "true",
      PARLEY_ALLOWED_ORIGINS: "https://example.com",
      PARLEY_API_KEY: "k".repeat(16),
      PARLEY_FILES_KEY: Buffer.alloc(32).toString("base64"),
      PARLEY_HOST: "127.0.0.1",
      PARLEY_HTTP_TOOLS_PRIVATE: "true",
      PARLEY_LIVEKIT_PUBLIC_URL: "wss://lk",
      PARLEY_LOG_LEVEL: "info",
      PARLEY_METRICS_KEY: "k".repeat(16),
      PARLEY_RECORDING_BY: "off",
      PARLEY_RECORDINGS_ENCRYPT: "true",
      PARLEY_RECORDINGS_URL: "s3://bucket",
      PARLEY_SEAL_FACTS: "false",
      PARLEY_SECRET_KEY: Buffer.alloc(32).toString("base64"),
      PARLEY_TALK_PAGE: "true",
      PARLEY_WORKER_KEY: "k".repeat(16),
    };
    // Of which one alone is a mistake.
    const pairs: Record<string, string> = {
      PARLEY_RECORDINGS_ENCRYPT: "PARLEY_SECRET_KEY",
      PARLEY_TLS_CERT: "PARLEY_TLS_KEY",
      PARLEY_TLS_KEY: "PARLEY_TLS_CERT",
    };
    for (const name of KNOWN_PARLEY_SETTINGS) {
      const pair = pairs[name];
      const env = { [name]: values[name] ?? "1", ...(pair === undefined ? {} : { [pair]: values[pair] ?? "1" }) };
      expect(() => readStartConfig(env), name).not.toThrow();
    }
  });
});
