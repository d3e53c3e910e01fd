import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readStartConfig } from "./config.ts";

const livekit = { LIVEKIT_URL: "wss://lk", LIVEKIT_API_KEY: "key", LIVEKIT_API_SECRET: "s3cret" };
const production = { ...livekit, NODE_ENV: "production", DATABASE_URL: "postgres://db/x" };

describe("what parley start brings along", () => {
  it("embeds everything when nothing is given", () => {
    expect(readStartConfig({})).toEqual({
      livekit: null,
      livekitPort: 7880,
      databaseUrl: null,
      dataDir: resolve(".parley"),
      port: 8080,
      workerKey: null,
      production: false,
    });
  });

  it("uses what is given", () => {
    const config = readStartConfig({ ...livekit, DATABASE_URL: "postgresql://u:p@db:5432/x", PARLEY_PORT: "9000" });
    expect(config).toMatchObject({
      livekit: { url: "wss://lk", apiKey: "key", apiSecret: "s3cret" },
      databaseUrl: "postgresql://u:p@db:5432/x",
      port: 9000,
    });
    const { LIVEKIT_URL: LIVEKIT_SERVER_URL, ...keys } = livekit;
    expect(readStartConfig({ ...keys, LIVEKIT_SERVER_URL }).livekit?.url).toBe("wss://lk");
  });

  it.each(Object.keys(livekit))("wants %s when the other LiveKit settings are there", (name) => {
    expect(() => readStartConfig({ ...livekit, [name]: "" })).toThrow(`${name} is not set`);
  });

  it.each(["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "DATABASE_URL"])(
    "in production wants %s",
    (name) => {
      expect(readStartConfig(production).production).toBe(true);
      expect(() => readStartConfig({ ...production, [name]: undefined })).toThrow(`${name} is not set`);
    },
  );

  it("shows no password of a wrong address", () => {
    expect(() => readStartConfig({ DATABASE_URL: "mysql://me:hunter2@db/x" })).toThrow(
      /^DATABASE_URL="mysql:\/\/me:\*\*\*@db/,
    );
  });
});
