import { expect, test } from "vitest";
import { callRow, type TestApp, testApp } from "../test/app.ts";

const get = (app: TestApp["app"], url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { host: "127.0.0.1:8080", ...headers } });

test("calls are listed page by page", async () => {
  const { app, calls } = await testApp();
  calls.push(
    callRow("c3", { status: "live" }),
    callRow("c2"),
    callRow("c1", { endedAt: new Date(Date.UTC(2026, 10, 2)) }),
  );
  const first = await get(app, "/api/calls?limit=2");
  expect(first.statusCode).toBe(200);
  expect(first.headers["cache-control"]).toBe("no-store");
  expect(first.json().calls.map((call: { callId: string }) => call.callId)).toEqual(["c3", "c2"]);
  const second = await get(app, `/api/calls?limit=2&cursor=${first.json().nextCursor}`);
  expect(second.json()).toMatchObject({
    calls: [{ callId: "c1", startedAt: "2026-11-01T00:00:00.000Z", endedAt: "2026-11-02T00:00:00.000Z" }],
    nextCursor: null,
  });
});

test("a call comes with its facts, page by page", async () => {
  const { app, calls } = await testApp();
  calls.push(callRow("c1", { lastSeq: 5, factCount: 5 }));
  const first = (await get(app, "/api/calls/c1?limit=3")).json();
  expect(first).toMatchObject({ call: { callId: "c1" }, nextAfterSeq: 3 });
  expect(first.facts).toHaveLength(3);
  expect(first.facts[0]).toEqual({
    callId: "c1",
    epoch: 1,
    seq: 1,
    at: 10,
    type: "speech-started",
    participantId: "p",
  });
  const rest = (await get(app, "/api/calls/c1?limit=3&afterSeq=3")).json();
  expect(rest).toMatchObject({ nextAfterSeq: null, facts: [{ seq: 4 }, { seq: 5 }] });
});

test("what is not there and what is not asked rightly is said so", async () => {
  const { app } = await testApp();
  expect((await get(app, "/api/calls/nobody")).json()).toMatchObject({ status: 404, code: "call-not-found" });
  for (const query of ["limit=0", "limit=201", "limit=x"]) {
    expect((await get(app, `/api/calls?${query}`)).json()).toMatchObject({
      status: 400,
      detail: expect.stringContaining("limit"),
    });
  }
  expect((await get(app, "/api/calls/c1?afterSeq=-1")).statusCode).toBe(400);
});

test("where there is a key they want it, in constant time", async () => {
  const apiKey = "a-key-for-the-api-of-this-test";
  const { app } = await testApp({ apiKey });
  for (const url of ["/api/calls", "/api/calls/c1"]) {
    const bare = await get(app, url);
    expect(bare.statusCode).toBe(401);
    expect(bare.headers["www-authenticate"]).toContain("Bearer");
    expect(bare.json().detail).toContain("PARLEY_API_KEY");
    for (const authorization of ["Bearer wrong", apiKey, `Basic ${apiKey}`, `Bearer ${apiKey}x`]) {
      expect((await get(app, url, { authorization })).statusCode, authorization).toBe(401);
    }
  }
  expect((await get(app, "/api/calls", { authorization: `Bearer ${apiKey}` })).statusCode).toBe(200);
});

test("who tries many keys is slowed, whoever has a good one is not", async () => {
  const apiKey = "a-key-for-the-api-of-this-test";
  const { app } = await testApp({ apiKey, rateLimit: 1_200 });
  const tries = [];
  for (let i = 0; i < 32; i++)
    tries.push((await get(app, "/api/calls", { authorization: `Bearer wrong-${i}` })).statusCode);
  expect(tries.slice(0, 30)).toEqual(Array(30).fill(401));
  const slowed = await get(app, "/api/calls", { authorization: "Bearer wrong" });
  expect(slowed.json()).toMatchObject({ status: 429, code: "too-many-requests" });
  expect(Number(slowed.headers["retry-after"])).toBeGreaterThan(0);
  expect((await get(app, "/api/calls", { authorization: `Bearer ${apiKey}` })).statusCode).toBe(200);
});

test("a store that is away is a 503; what it says about itself stays inside when it is our own fault", async () => {
  const { app, storeFailure, logLines } = await testApp();
  storeFailure.error = Object.assign(new Error("Postgres at db:5432 cannot be reached"), {
    code: "store-unreachable",
    category: "network",
  });
  expect((await get(app, "/api/calls")).json()).toMatchObject({ status: 503, code: "store-unreachable" });
  storeFailure.error = new Error("column secret_stuff does not exist");
  const response = await get(app, "/api/calls");
  expect(response.json()).toMatchObject({ status: 500, code: "internal" });
  expect(response.body).not.toContain("secret_stuff");
  expect(JSON.stringify(logLines())).toContain("secret_stuff");
  expect(logLines().some((line) => line.requestId === response.json().requestId)).toBe(true);
});
