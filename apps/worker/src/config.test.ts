import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultShards, readWorkerConfig } from "./config.ts";

const good = {
  LIVEKIT_URL: "ws://127.0.0.1:7880",
  LIVEKIT_API_KEY: "devkey",
  LIVEKIT_API_SECRET: "a-secret-nobody-may-read-in-a-log",
};

function problem(env: NodeJS.ProcessEnv): string {
  try {
    readWorkerConfig("agent.ts", env);
  } catch (error) {
    expect(error).toMatchObject({ code: "bad-configuration", category: "configuration" });
    return (error as Error).message;
  }
  throw new Error("the configuration was accepted");
}

describe("the worker's configuration", () => {
  it("needs three settings and defaults the rest", () => {
    const config = readWorkerConfig("agent.ts", good);
    expect(config).toMatchObject({
      agentFile: resolve("agent.ts"),
      toolFiles: [],
      httpToolsPrivate: false,
      livekit: { url: good.LIVEKIT_URL, apiKey: "devkey", apiSecret: good.LIVEKIT_API_SECRET },
      ice: { servers: [], relayOnly: false },
      backend: null,
      dataDir: resolve(".parley"),
      port: null,
      maxConcurrentJobs: null,
      drainMs: null,
      connectionTimeoutMs: 30_000,
      requestTimeoutMs: 60_000,
    });
  });

  it("takes LIVEKIT_SERVER_URL for LIVEKIT_URL, which wins", () => {
    const { LIVEKIT_URL, ...rest } = good;
    expect(readWorkerConfig("a.ts", { ...rest, LIVEKIT_SERVER_URL: "wss://b" }).livekit?.url).toBe("wss://b");
    expect(readWorkerConfig("a.ts", { ...good, LIVEKIT_SERVER_URL: "wss://b" }).livekit?.url).toBe(LIVEKIT_URL);
  });

  it("without LiveKit wants a server that has calls for it, and no more", () => {
    const off = { LIVEKIT_ENABLED: "false" };
    const text = problem(off);
    expect(text).toContain("BACKEND_URL is not set");
    expect(text).not.toMatch(/LIVEKIT_(URL|API)/);
    const server = { BACKEND_URL: "http://b", PARLEY_WORKER_KEY: "k" };
    for (const given of [{}, good])
      expect(readWorkerConfig("a.ts", { ...given, ...off, ...server }).livekit).toBeNull();
    expect(readWorkerConfig(null, { ...off, ...server }).livekit).toBeNull();
    expect(problem({ ...off, ...server, LIVEKIT_TOKEN: "t" })).toMatch(/LIVEKIT_TOKEN=.*LIVEKIT_ENABLED=false/);
  });

  it("takes several addresses of one LiveKit", () => {
    const { livekit } = readWorkerConfig("a.ts", { ...good, LIVEKIT_URL: "ws://a:7880, ws://b:7880" });
    expect(livekit).toMatchObject({ url: "ws://a:7880", fallbackUrls: ["ws://b:7880"] });
  });

  it("takes ICE servers, and may allow nothing but a relay", () => {
    const PARLEY_ICE_SERVERS = '[{"urls":"turn:t:3478","username":"u","credential":"c"}]';
    expect(readWorkerConfig("a.ts", { ...good, PARLEY_ICE_SERVERS, PARLEY_ICE_TRANSPORT: "relay" }).ice).toEqual({
      servers: [{ urls: ["turn:t:3478"], username: "u", credential: "c" }],
      relayOnly: true,
    });
  });

  it("names every missing setting at once", () => {
    const text = problem({});
    for (const name of ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"]) {
      expect(text).toContain(`${name} is not set`);
    }
  });

  it("counts an empty value as unset", () => {
    expect(problem({ ...good, LIVEKIT_API_KEY: " " })).toContain("LIVEKIT_API_KEY is not set");
    expect(readWorkerConfig("a.ts", { ...good, MAX_CONCURRENT_JOBS: "" }).maxConcurrentJobs).toBeNull();
  });

  it.each([
    ["LIVEKIT_URL", "127.0.0.1:7880"],
    ["MAX_CONCURRENT_JOBS", "0"],
    ["MAX_CONCURRENT_JOBS", "many"],
    ["CONNECTION_TIMEOUT", "-1"],
    ["REQUEST_TIMEOUT", "1.5"],
    ["PARLEY_WORKER_PORT", "70000"],
    ["PARLEY_LOG_LEVEL", "loud"],
    ["PARLEY_ICE_TRANSPORT", "direct"],
    ["BACKEND_URL", "localhost"],
  ])("refuses %s=%s by name and value", (name, value) => {
    expect(problem({ ...good, [name]: value })).toContain(`${name}=${JSON.stringify(value)}`);
  });

  it("refuses an unknown PARLEY_ setting and suggests the near one", () => {
    expect(problem({ ...good, PARLEY_WORKER_PROT: "1" })).toMatch(/PARLEY_WORKER_PROT="1".*PARLEY_WORKER_PORT/);
  });

  it("shows no secret", () => {
    const text = problem({ ...good, PARLEY_WORKER_KEYS: "hunter2", PARLEY_DATUM: "postgres://me:hunter2@db/x" });
    expect(text).toContain("PARLEY_WORKER_KEYS=<7 characters, hidden>");
    expect(text).not.toContain("hunter2");
  });

  it("wants the worker's key when a server is named", () => {
    expect(problem({ ...good, BACKEND_URL: "http://b" })).toContain("PARLEY_WORKER_KEY is not set");
    const config = readWorkerConfig("a.ts", { ...good, BACKEND_URL: "http://b", PARLEY_WORKER_KEY: "k" });
    expect(config.backend).toEqual({ url: "http://b", key: "k" });
  });

  it("sizes the shards by cores, memory and a ceiling", () => {
    const gib = 1024 ** 3;
    expect(defaultShards(2, 16 * gib)).toBe(2);
    expect(defaultShards(8, gib)).toBe(2);
    expect(defaultShards(64, 512 * gib)).toBe(16);
    expect(defaultShards(1, gib / 4)).toBe(1);
  });

  it("runs stored agents only with a server to get them from", () => {
    const keys = { LIVEKIT_URL: "ws://lk", LIVEKIT_API_KEY: "k", LIVEKIT_API_SECRET: "s" };
    expect(() => readWorkerConfig(null, keys)).toThrow(/BACKEND_URL is not set: stored agents/);
    const server = { ...keys, BACKEND_URL: "http://127.0.0.1:8080", PARLEY_WORKER_KEY: "k" };
    expect(readWorkerConfig(null, server, ["tools.ts"])).toMatchObject({
      agentFile: null,
      toolFiles: [resolve("tools.ts")],
    });
  });
});
