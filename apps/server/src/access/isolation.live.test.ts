import { randomUUID } from "node:crypto";
import { callStarted } from "@parley/testkit/facts";
import { beforeAll, describe, expect, test } from "vitest";
import { linesOf, linesOnPage, type RouteRow, writePage } from "../test/isolation-page.ts";
import { testPlatform } from "../test/platform.ts";
import { scopes } from "./scopes.ts";

/**
 * Every route of the API as it describes itself: whoever has another tenant's key, a key without the scope, or no key.
 * A new route with an id in its address needs the id of something real in `made`, and its body in `bodies`: this test
 * says so when it lacks one.
 */
const platform = testPlatform();
const { send, keyFor } = platform;

/** What a tenant has, by the name that its id has in addresses. */
async function made(tenantId: string, key: string): Promise<Record<string, string>> {
  const post = async (url: string, body: object) => (await send("POST", url, { key, body })).json;
  const callId = randomUUID();
  const first = {
    ...callStarted({ agent: "front-desk", room: "r", tenantId }),
    callId,
    epoch: 1,
    seq: 1,
    at: 0,
    version: 1,
  };
  await platform.store.facts.appendBatch({ callId, epoch: 1, facts: [first] });
  const hook = { url: "https://example.com/hook", events: ["call.ended", "usage.exceeded"] };
  const { webhookId } = await post("/api/webhooks", hook);
  const event = { type: "usage.exceeded", tenantId, callId, at: new Date(), data: {} } as const;
  await platform.store.webhooks.emit({ ...event, what: tenantId });
  const { deliveries } = (await send("GET", `/api/webhooks/${webhookId}/deliveries`, { key })).json;
  const { egressRecordings } = platform.store;
  const stored = { storage: platform.recordings.name, object: `${callId}.ogg` };
  const { recordingId = "" } = (await egressRecordings.begin(callId, stored)) ?? {};
  await platform.recordings.put(stored.object, Buffer.from("{}"));
  const sound = { startMs: 0, durationMs: 1_000, bytes: 2, contentType: "audio/ogg" };
  await egressRecordings.ready(recordingId, { ...stored, ...sound });
  const userId = randomUUID();
  await send("PUT", `/api/contexts/${userId}`, { key, body: { name: "Ann" } });
  return {
    tenantId,
    callId,
    userId,
    recordingId,
    webhookId,
    deliveryId: deliveries[0].deliveryId,
    keyId: (await post("/api/keys", { name: "mine", scopes: ["calls:read"] })).keyId,
    appId: (await post("/api/apps", { name: "mine" })).appId,
    agentId: (await post("/api/agents", { name: "mine" })).agentId,
    erasureId: (await post("/api/erasures", { caller: "nobody" })).erasureId,
    id: (await post("/livekit/create-room", { participantName: "Ann", agentId: "front-desk" })).connectionId,
  };
}

/** Bodies that are right, so that a refusal is about whose it is. */
const bodies: Record<string, object> = {
  "POST /api/keys/{keyId}/rotate": {},
  "PUT /api/contexts/{userId}": {},
  "PATCH /api/contexts/{userId}": {},
  "PATCH /api/webhooks/{webhookId}": { description: "Mine now" },
  "POST /api/webhooks/{webhookId}/rotate": {},
  "POST /api/webhooks/{webhookId}/replay": {},
  "POST /api/webhooks/{webhookId}/deliveries/{deliveryId}/replay": {},
  "PATCH /api/tenants/{tenantId}": { name: "Mine now" },
  "POST /api/calls/{callId}/say": { text: "Your account is closed." },
  "POST /api/calls/{callId}/interrupt": {},
  "POST /api/calls/{callId}/mute": { muted: true },
  "POST /api/calls/{callId}/recording": { action: "pause" },
  "POST /api/calls/{callId}/language": { language: "de" },
  "POST /api/calls/{callId}/transfer": { to: "+15550100" },
  "POST /api/calls/{callId}/hang-up": {},
  "PATCH /api/agents/{agentId}": { name: "Mine now" },
  "POST /api/agents/{agentId}/versions/{version}/restore": {},
  "POST /api/calls/{callId}/ticket": {},
  "POST /api/recordings/{recordingId}/url": {},
};

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
interface Route {
  method: Method;
  path: string;
  needsKey: boolean;
}

let routes: Route[];
let theirs: Record<string, string>;
let theirKey: string;
let myKey: string;
let noKey: string;
let noUsageKey: string;

beforeAll(async () => {
  const { paths } = (await send("GET", "/openapi.json")).json as {
    paths: Record<string, Record<string, { security: object[] }>>;
  };
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase() as Method,
      path,
      needsKey: security.length > 0,
    })),
  );
  const tenant = async () => {
    const tenantId = `t-${randomUUID()}`;
    await send("POST", "/api/tenants", { body: { tenantId, name: "A tenant" } });
    return { tenantId, key: await keyFor([...scopes], tenantId) };
  };
  const [a, b] = [await tenant(), await tenant()];
  theirs = await made(a.tenantId, a.key);
  await made(b.tenantId, b.key);
  theirKey = a.key;
  myKey = b.key;
  noKey = await keyFor(["usage:read"], b.tenantId);
  noUsageKey = await keyFor(["agents:read"], b.tenantId);
});

const idsIn = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
const addressed = (path: string) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    // Counted within the thing above it: everybody has a first one.
    const id = name === "version" ? "1" : theirs[name];
    if (id === undefined) throw new Error(`${path}: made() has nothing with an id of the name ${name}`);
    return encodeURIComponent(id);
  });
const ask = ({ method, path }: Route, key: string | null) => {
  const body = bodies[`${method} ${path}`];
  if (body === undefined && method !== "GET" && method !== "DELETE") throw new Error(`bodies lacks ${method} ${path}`);
  return send(method, addressed(path), { key, ...(body === undefined ? {} : { body }) });
};

const rows = new Map<string, RouteRow>();
const rowOf = ({ method, path }: Route): RouteRow => {
  const route = `${method} ${path}`;
  const row = rows.get(route) ?? { route, noKey: "–", wrongKey: "–", noScope: "–", otherTenant: "–" };
  rows.set(route, row);
  return row;
};

describe("every route", () => {
  test("there are some", () => {
    expect(routes.filter(({ path }) => idsIn(path).length > 0).length).toBeGreaterThan(5);
  });

  test("that lists shows nothing of another tenant", async () => {
    for (const { path } of routes.filter(({ method, path }) => method === "GET" && idsIn(path).length === 0)) {
      const { status, json } = await send("GET", path, { key: myKey });
      expect([path, status < 500]).toEqual([path, true]);
      for (const id of Object.values(theirs)) expect(JSON.stringify(json), path).not.toContain(id);
    }
  });

  test("with the id of another tenant's thing answers as if there were none", async () => {
    for (const route of routes.filter(({ path, needsKey }) => needsKey && idsIn(path).length > 0)) {
      // Whoever puts what is not there makes one of his own; contexts.live.test.ts says that theirs stays as it is.
      if (route.method === "PUT" && route.path === "/api/contexts/{userId}") continue;
      const answer = await ask(route, myKey);
      rowOf(route).otherTenant = String(answer.status);
      expect([`${route.method} ${route.path}`, answer.status]).toEqual([`${route.method} ${route.path}`, 404]);
    }
  });

  test("is found by the tenant whose it is, so that the 404 above says something", async () => {
    for (const route of routes.filter(({ method, path }) => method === "GET" && idsIn(path).length > 0)) {
      const answer = await ask(route, theirKey);
      expect([route.path, answer.status]).toEqual([route.path, 200]);
    }
  });

  test("refuses whoever has no key, a wrong one, or one without the scope", async () => {
    for (const route of routes.filter(({ needsKey }) => needsKey)) {
      const url = addressed(route.path);
      const status = async (key: string | null) => (await send(route.method, url, { key })).status;
      // Who tries that often is slowed as well.
      const refused = async (key: string | null) => {
        expect([401, 429], url).toContain(await status(key));
        return "401";
      };
      Object.assign(rowOf(route), { noKey: await refused(null), wrongKey: await refused("sk_unknown") });
      const without = await status(/\/usage\b/.test(url) ? noUsageKey : noKey);
      rowOf(route).noScope = String(without);
      expect([url, without]).toEqual([url, 403]);
    }
  });

  test("stands in docs/isolation.md (npm run isolation writes it)", () => {
    const all = routes.map(rowOf).toSorted((a, b) => (a.route < b.route ? -1 : 1));
    if (process.env.ISOLATION_WRITE === "1") writePage(all);
    expect(linesOnPage()).toEqual(linesOf(all));
  });
});
