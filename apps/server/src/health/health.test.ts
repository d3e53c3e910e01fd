import { ParleyError } from "@parley/engine";
import { expect, test } from "vitest";
import { testApp } from "../test/app.ts";

const get = { headers: { host: "localhost:8080" } };

test("the process lives, whatever else does", async () => {
  const { app, storeFailure } = await testApp();
  storeFailure.error = new Error("no database");
  const response = await app.inject({ url: "/healthz", ...get });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ status: "ok", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
});

test("ready when Postgres and LiveKit answer", async () => {
  const { app } = await testApp();
  const response = await app.inject({ url: "/readyz", ...get });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({
    status: "ready",
    missing: [],
    parts: { postgres: { ready: true }, livekit: { ready: true } },
  });
});

test("names what is missing, and why", async () => {
  const { app, storeFailure, livekitFailure } = await testApp();
  storeFailure.error = new Error("Postgres at db:5432 cannot be reached");
  let response = await app.inject({ url: "/readyz", ...get });
  expect(response.statusCode).toBe(503);
  expect(response.json()).toMatchObject({
    missing: ["postgres"],
    parts: { postgres: { ready: false, problem: expect.stringContaining("db:5432") }, livekit: { ready: true } },
  });
  const other = await testApp();
  other.livekitFailure.error = new ParleyError("Check LIVEKIT_API_SECRET.", {
    code: "livekit-unauthorised",
    category: "unauthorised",
  });
  response = await other.app.inject({ url: "/readyz", ...get });
  expect(response.json()).toMatchObject({
    missing: ["livekit"],
    parts: { livekit: { problem: "Check LIVEKIT_API_SECRET." } },
  });
  expect(livekitFailure.error).toBe(null);
});

test("a room that is not there is a LiveKit that answers", async () => {
  const { app, livekitFailure } = await testApp();
  livekitFailure.error = new ParleyError("no such room", { code: "livekit-not-found", category: "refused" });
  expect((await app.inject({ url: "/readyz", ...get })).statusCode).toBe(200);
});

test("many who ask at once are one question to the parts", async () => {
  const { app, rooms } = await testApp();
  let asked = 0;
  rooms.get = () => {
    asked += 1;
    return [];
  };
  await Promise.all(Array.from({ length: 50 }, () => app.inject({ url: "/readyz", ...get })));
  expect(asked).toBe(1);
});
