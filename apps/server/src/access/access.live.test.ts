import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { claims } from "../test/app.ts";
import { testPlatform } from "../test/platform.ts";

const platform = testPlatform();
const { send, keyFor } = platform;
const tenant = async () => {
  const tenantId = `t-${randomUUID()}`;
  const { status } = await send("POST", "/api/tenants", { body: { tenantId, name: "A tenant" } });
  expect(status).toBe(201);
  return tenantId;
};

describe("keys", () => {
  test("are shown once, kept as hashes, and good for their scopes alone", async () => {
    const made = await send("POST", "/api/keys", { body: { name: "backend", scopes: ["calls:read"] } });
    expect(made).toMatchObject({ status: 201, json: { key: expect.stringMatching(/^sk_[\w-]{43}$/), tenantId: null } });
    const { key, keyId } = made.json;
    expect((await send("GET", "/api/calls", { key })).status).toBe(200);
    expect((await send("GET", "/api/keys", { key })).json).toMatchObject({ status: 403, code: "scope-missing" });
    const list = await send("GET", "/api/keys");
    expect(list.json.keys).toContainEqual(expect.objectContaining({ keyId, scopes: ["calls:read"] }));
    expect(JSON.stringify(list.json)).not.toContain(key);
  });

  test("give away no more than they have", async () => {
    const key = await keyFor(["keys:write", "calls:write"]);
    const more = await send("POST", "/api/keys", { key, body: { name: "x", scopes: ["calls:read", "tenants:write"] } });
    expect(more.json).toMatchObject({
      status: 403,
      code: "scope-missing",
      detail: expect.stringContaining("tenants:write"),
    });
    expect((await send("POST", "/api/keys", { key, body: { name: "x", scopes: ["calls:read"] } })).status).toBe(201);
  });

  test("are rotated with a time in which both are good, and revoked at once", async () => {
    const made = (await send("POST", "/api/keys", { body: { name: "backend", scopes: ["calls:read"] } })).json;
    const at = `/api/keys/${made.keyId}`;
    const next = (await send("POST", `${at}/rotate`, { body: {} })).json;
    expect(next.keyId).toBe(made.keyId);
    for (const { key } of [made, next]) expect((await send("GET", "/api/calls", { key })).status).toBe(200);
    const last = (await send("POST", `${at}/rotate`, { body: { graceSeconds: 0 } })).json;
    for (const { key } of [made, next])
      expect((await send("GET", "/api/calls", { key })).json).toMatchObject({ status: 401, code: "api-key-unknown" });
    expect((await send("GET", "/api/calls", { key: last.key })).status).toBe(200);
    expect((await send("DELETE", at)).status).toBe(204);
    expect((await send("GET", "/api/calls", { key: last.key })).status).toBe(401);
    expect((await send("DELETE", at)).json).toMatchObject({ status: 404, code: "key-not-found" });
  });

  test("that have expired are not good", async () => {
    const body = { name: "short", scopes: ["calls:read"], expiresAt: new Date(Date.now() - 1).toISOString() };
    const { key } = (await send("POST", "/api/keys", { body })).json;
    expect((await send("GET", "/api/calls", { key })).status).toBe(401);
  });
});

describe("a tenant's key", () => {
  test("sees and makes what is the tenant's, and learns of nothing else", async () => {
    const [mine, theirs] = [await tenant(), await tenant()];
    const key = await keyFor(["keys:write", "tenants:read", "apps:write"], mine);
    const other = (await send("POST", "/api/keys", { body: { name: "x", scopes: ["calls:read"], tenantId: theirs } }))
      .json;
    const made = await send("POST", "/api/keys", { key, body: { name: "x", scopes: ["keys:read"] } });
    expect(made.json).toMatchObject({ tenantId: mine });
    expect(
      (await send("GET", "/api/keys", { key })).json.keys.map((one: { tenantId: string }) => one.tenantId),
    ).toEqual([mine, mine]);
    for (const [method, url] of [
      ["DELETE", `/api/keys/${other.keyId}`],
      ["POST", `/api/keys/${other.keyId}/rotate`],
      ["GET", `/api/tenants/${theirs}`],
    ] as const) {
      expect((await send(method, url, { key, ...(method === "POST" ? { body: {} } : {}) })).status, url).toBe(404);
    }
    const foreign = { name: "x", scopes: ["keys:read"], tenantId: theirs };
    expect((await send("POST", "/api/keys", { key, body: foreign })).json).toMatchObject({ code: "tenant-not-found" });
    expect((await send("GET", "/api/tenants", { key })).json.tenants).toMatchObject([{ tenantId: mine }]);
    expect((await send("GET", "/api/calls", { key: other.key })).status).toBe(200);
  });

  test("is gone with its tenant", async () => {
    const tenantId = await tenant();
    const key = await keyFor(["calls:read"], tenantId);
    expect((await send("DELETE", `/api/tenants/${tenantId}`)).status).toBe(204);
    expect((await send("GET", "/api/calls", { key })).status).toBe(401);
  });
});

describe("an app's publishable key", () => {
  const token = (key: string, options: { body?: object; origin?: string } = {}) =>
    send("POST", `/api/token?key=${key}`, {
      key: null,
      body: options.body ?? {},
      headers: options.origin === undefined ? {} : { origin: options.origin },
    });

  test("gives tokens to its pages, for its agents and its tenant, and is good for nothing else", async () => {
    const tenantId = await tenant();
    const origin = "https://shop.example";
    const body = { name: "shop", tenantId, allowedOrigins: [origin], agents: ["front-desk"] };
    const { publishableKey, appId } = (await send("POST", "/api/apps", { body })).json;
    const good = await token(publishableKey, { origin, body: { room_name: "lobby" } });
    expect(good.status).toBe(201);
    expect(good.headers["access-control-allow-origin"]).toBe(origin);
    const { video, roomConfig } = claims(good.json.participant_token);
    expect(video.room).toBe(`${tenantId}~lobby`);
    expect(JSON.parse(roomConfig?.agents?.[0]?.metadata ?? "")).toMatchObject({ tenantId, agentId: "front-desk" });
    expect((await token(publishableKey)).status).toBe(201);
    expect((await token(publishableKey, { origin: "https://evil.example" })).json).toMatchObject({
      code: "origin-not-allowed",
    });
    const asked = { room_config: { agents: [{ agent_name: "back-office" }] } };
    expect((await token(publishableKey, { body: asked })).json).toMatchObject({
      status: 403,
      code: "agent-not-allowed",
    });
    expect((await send("GET", "/api/calls", { key: publishableKey })).json).toMatchObject({ code: "key-publishable" });
    expect((await send("DELETE", `/api/apps/${appId}`)).status).toBe(204);
    expect((await token(publishableKey)).status).toBe(401);
  });

  test("of no tenant gets into no tenant's room", async () => {
    const tenantId = await tenant();
    const { publishableKey } = (await send("POST", "/api/apps", { body: { name: "x" } })).json;
    expect((await token(publishableKey, { body: { room_name: `${tenantId}~lobby` } })).json).toMatchObject({
      status: 404,
      code: "room-not-found",
    });
  });

  test("gives out so many tokens a minute", async () => {
    const { publishableKey } = (await send("POST", "/api/apps", { body: { name: "x", tokensPerMinute: 2 } })).json;
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push((await token(publishableKey)).status);
    expect(answers).toEqual([201, 201, 429]);
  });
});

describe("a write with an Idempotency-Key", () => {
  const headers = () => ({ "idempotency-key": randomUUID() });

  test("is done once, however often it is sent, at the same time too", async () => {
    const request = { body: { name: "once" }, headers: headers() };
    const answers = await Promise.all(Array.from({ length: 8 }, () => send("POST", "/api/apps", request)));
    const done = answers.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThan(0);
    for (const { status, json } of answers)
      if (status !== 201) expect(json).toMatchObject({ code: "idempotency-running" });
    const again = await send("POST", "/api/apps", request);
    expect(again).toMatchObject({ status: 201, json: { appId: done[0]?.json.appId } });
    expect(again.headers["idempotent-replayed"]).toBe("true");
    expect(new Set(done.map(({ json }) => json.appId)).size).toBe(1);
  });

  test("is not mixed up with another request, nor with another's key", async () => {
    const once = headers();
    expect((await send("POST", "/api/apps", { body: { name: "a" }, headers: once })).status).toBe(201);
    const other = await send("POST", "/api/apps", { body: { name: "b" }, headers: once });
    expect(other.json).toMatchObject({ status: 422, code: "idempotency-key-reused" });
    const key = await keyFor(["apps:write"]);
    const theirs = await send("POST", "/api/apps", { body: { name: "b" }, headers: once, key });
    expect([theirs.status, theirs.headers["idempotent-replayed"]]).toEqual([201, undefined]);
  });

  test("answers a secret once", async () => {
    const request = { body: { name: "once", scopes: ["calls:read"] }, headers: headers() };
    expect((await send("POST", "/api/keys", request)).json.key).toMatch(/^sk_/);
    const again = await send("POST", "/api/keys", request);
    expect(again.json).toMatchObject({ status: 409, code: "already-done" });
  });
});

test("a tenant is changed by who has read it last", async () => {
  const tenantId = await tenant();
  const at = `/api/tenants/${tenantId}`;
  const read = await send("GET", at);
  expect(read.headers.etag).toBe('"1"');
  const change = (etag: string, name: string) => send("PATCH", at, { body: { name }, headers: { "if-match": etag } });
  expect((await change('"1"', "New")).headers.etag).toBe('"2"');
  expect((await change('"1"', "Newer")).json).toMatchObject({ status: 412, code: "version-changed" });
  expect((await send("GET", at)).json).toMatchObject({ name: "New", settings: { retentionDays: null } });
});

test("every write is in the audit log, with who did it and how it ended, without what was in it", async () => {
  const tenantId = await tenant();
  const key = await keyFor(["apps:write", "audit:read"], tenantId);
  await send("POST", "/api/apps", { key, body: { name: "secret-name" } });
  await send("DELETE", "/api/apps/nobody", { key });
  const entries = async () => (await send("GET", "/api/audit", { key })).json.entries;
  await expect.poll(async () => (await entries()).length).toBe(2);
  // Written beside each other: which of the two comes first is not said.
  expect(await entries()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: "DELETE /api/apps/:appId", target: "nobody", status: 404 }),
      expect.objectContaining({
        actor: expect.stringMatching(/^key:key_/),
        action: "POST /api/apps",
        status: 201,
        tenantId,
      }),
    ]),
  );
  expect(JSON.stringify((await send("GET", "/api/audit")).json)).not.toContain("secret-name");
});

test("lists are given page by page", async () => {
  const tenantId = await tenant();
  const key = await keyFor(["apps:write"], tenantId);
  for (const name of ["a", "b", "c"]) await send("POST", "/api/apps", { key, body: { name } });
  const seen: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page = await send("GET", `/api/apps?limit=2${cursor && `&cursor=${cursor}`}`, { key });
    seen.push(...page.json.apps.map((one: { name: string }) => one.name));
    cursor = page.json.nextCursor;
  }
  expect(seen.sort()).toEqual(["a", "b", "c"]);
  expect((await send("GET", "/api/apps?cursor=nonsense", { key })).json).toMatchObject({
    status: 400,
    code: "cursor-invalid",
  });
});

test("the API describes itself, with who may use what", async () => {
  const { json } = await send("GET", "/openapi.json", { key: null });
  expect(json.openapi).toBe("3.1.0");
  expect(json.paths["/api/keys"].post).toMatchObject({
    summary: "Make a key",
    security: [{ key: [] }],
    requestBody: { content: { "application/json": { schema: { required: ["name", "scopes"] } } } },
  });
  expect(json.paths["/api/keys"].post.responses["201"].content["application/json"].schema.properties).toHaveProperty(
    "key",
  );
  expect(json.paths["/healthz"].get.security).toEqual([]);
  const page = await platform.app.inject("/docs/");
  expect(page.statusCode).toBe(200);
  expect(page.body).toContain("swagger-ui");
});

test("an address that nobody opened is nobody's", async () => {
  const open = Object.entries(
    (await send("GET", "/openapi.json")).json.paths as Record<string, Record<string, { security: [] }>>,
  )
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, { security }]) => ({ path, method, security })))
    .filter(({ security }) => security.length === 0)
    .map(({ path, method }) => `${method} ${path}`);
  expect(open.sort()).toEqual([
    "get /api/config",
    "get /healthz",
    "get /metrics",
    "get /openapi.json",
    "get /readyz",
    "post /webhooks/livekit",
  ]);
});
