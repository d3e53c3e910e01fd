import { describe, expect, test } from "vitest";
import { type TestApp, testApp } from "../test/app.ts";

const send = (
  app: TestApp["app"],
  headers: Record<string, string>,
  url = "/api/token",
  method: "POST" | "OPTIONS" | "GET" = "POST",
) => app.inject({ method, url, headers });

describe("in development", () => {
  test.each(["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.0.0.2", "LOCALHOST"])(
    "%s is this machine",
    async (host) => {
      const { app } = await testApp();
      expect((await send(app, { host })).statusCode).toBe(201);
    },
  );

  test.each([
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:8080",
    "10.0.0.5:8080",
    "127.evil.example",
  ])("a request for %s is not answered: it could be a foreign page's", async (host) => {
    const { app } = await testApp();
    for (const url of ["/api/calls", "/api/config", "/"]) {
      expect((await send(app, { host }, url, "GET")).json()).toMatchObject({ status: 403, code: "host-not-trusted" });
    }
  });

  test("pages of this machine may use it, from any port; others may not", async () => {
    const { app } = await testApp();
    const host = "127.0.0.1:8080";
    for (const origin of ["http://127.0.0.1:8080", "http://localhost:5173", "http://[::1]:3000"]) {
      const response = await send(app, { host, origin });
      expect(response.statusCode).toBe(201);
      expect(response.headers["access-control-allow-origin"]).toBe(origin);
      expect(response.headers.vary).toContain("Origin");
    }
    for (const origin of [
      "https://evil.example",
      "null",
      "http://localhost.evil.example",
      "file://",
      "chrome-extension://x",
    ]) {
      const response = await send(app, { host, origin });
      expect(response.json(), origin).toMatchObject({ status: 403, code: "origin-not-allowed" });
      expect(response.headers).not.toHaveProperty("access-control-allow-origin");
    }
  });
});

describe("with a key", () => {
  const apiKey = "a-key-for-the-api-of-this-test";
  const authorization = `Bearer ${apiKey}`;
  const host = "voice.example.com";

  test("our own page and the named origins, no others; loopback is nothing special", async () => {
    const { app } = await testApp({ apiKey, allowedOrigins: ["https://www.example.com"] });
    for (const origin of ["https://voice.example.com", "https://www.example.com"]) {
      expect((await send(app, { host, origin, authorization })).statusCode).toBe(201);
    }
    for (const origin of [
      "https://example.com",
      "http://localhost:5173",
      "https://www.example.com.evil.example",
      "https://www.example.com:8443",
    ]) {
      expect((await send(app, { host, origin, authorization })).statusCode, origin).toBe(403);
    }
  });

  test("a preflight is answered for those alone, and for every page where an app's key names its pages", async () => {
    const { app } = await testApp({ apiKey, allowedOrigins: ["https://www.example.com"] });
    const preflight = { host, "access-control-request-method": "POST" };
    const good = await send(app, { ...preflight, origin: "https://www.example.com" }, "/api/calls", "OPTIONS");
    expect(good.statusCode).toBe(204);
    expect(good.headers).toMatchObject({
      "access-control-allow-origin": "https://www.example.com",
      "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": "content-type, authorization, idempotency-key, if-match",
    });
    const evil = { ...preflight, origin: "https://evil.example" };
    expect((await send(app, evil, "/api/calls", "OPTIONS")).statusCode).toBe(403);
    expect((await send(app, evil, "/api/token", "OPTIONS")).statusCode).toBe(204);
  });

  test("the page's own key lets strangers call from the page, when that is wanted, and from nowhere else", async () => {
    const { app } = await testApp({ apiKey, talkPage: true });
    const config = await send(app, { host }, "/api/config", "GET");
    const { publishableKey } = config.json() as { publishableKey: string };
    expect(publishableKey).toMatch(/^pk_[\w-]{24}$/);
    const url = `/api/token?key=${publishableKey}`;
    expect((await send(app, { host, origin: `https://${host}` }, url)).statusCode).toBe(201);
    expect((await send(app, { host, origin: "https://evil.example" }, url)).json()).toMatchObject({
      code: "origin-not-allowed",
    });
    expect(
      (await send(app, { host, authorization: `Bearer ${publishableKey}` }, "/api/calls", "GET")).json(),
    ).toMatchObject({
      status: 403,
      code: "key-publishable",
    });
    const closed = (await testApp({ apiKey })).app;
    expect((await send(closed, { host }, "/api/config", "GET")).json()).toMatchObject({ publishableKey: null });
    expect((await send(closed, { host }, url)).json()).toMatchObject({ status: 401, code: "api-key-unknown" });
    expect((await send(closed, { host })).json()).toMatchObject({ status: 401, code: "api-key-missing" });
  });
});

test("every answer has an id and the headers that keep a page safe", async () => {
  const { app } = await testApp({ publicUrl: "wss://x.livekit.cloud" });
  const response = await send(app, { host: "localhost" }, "/api/config", "GET");
  expect(response.headers["x-request-id"]).toMatch(/^[\da-f-]{36}$/);
  expect(response.headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
  const policy = String(response.headers["content-security-policy"]);
  expect(policy).toContain("connect-src 'self' wss://x.livekit.cloud https://x.livekit.cloud wss://*.livekit.cloud");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
});

test("the page learns which agents there are", async () => {
  const { app } = await testApp();
  expect((await send(app, { host: "localhost" }, "/api/config", "GET")).json()).toEqual({
    agents: [
      { name: "front-desk", title: "Front desk", description: "Answers.", demo: true },
      { name: "sales", title: "Sales", description: "Sells.", demo: false },
    ],
    livekitUrl: "ws://127.0.0.1:7880",
    publishableKey: null,
    version: expect.stringMatching(/^\d/),
  });
});

test("without LiveKit its routes say so, and the rest works", async () => {
  const { app } = await testApp({ livekitEnabled: false });
  const host = "localhost";
  for (const [url, method] of [
    ["/livekit/stats", "GET"],
    ["/livekit/create-room", "POST"],
    ["/api/token", "POST"],
    ["/webhooks/livekit", "POST"],
    ["/api/calls/c1/transfer", "POST"],
  ] as const) {
    expect((await send(app, { host }, url, method)).json(), url).toMatchObject({
      status: 503,
      code: "livekit-disabled",
      detail: expect.stringContaining("LIVEKIT_ENABLED"),
    });
  }
  expect((await send(app, { host }, "/readyz", "GET")).json()).toMatchObject({
    status: "ready",
    parts: { postgres: {} },
  });
  expect((await send(app, { host }, "/api/calls", "GET")).statusCode).toBe(200);
});

test("what no database can store is refused wherever it stands", async () => {
  const { app } = await testApp();
  let nested: unknown = "deep";
  for (let i = 0; i < 70; i++) nested = [nested];
  for (const payload of [
    { participant_name: "a\0" },
    { participant_attributes: { "\0": "x" } },
    { participant_name: "\ud800" },
    { room_config: { nested } },
  ]) {
    const response = await app.inject({ method: "POST", url: "/api/token", headers: { host: "localhost" }, payload });
    expect(response.json(), JSON.stringify(payload)).toMatchObject({ status: 400, code: "request-invalid" });
  }
  const inQuery = await app.inject({ url: "/api/calls?agent=%00", headers: { host: "localhost" } });
  expect(inQuery.json()).toMatchObject({ status: 400, code: "request-invalid" });
});
