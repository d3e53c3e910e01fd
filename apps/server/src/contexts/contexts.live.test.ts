import { randomUUID } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import { testPlatform } from "../test/platform.ts";

const platform = testPlatform();
const { send, keyFor } = platform;
let tenantId: string;
let key: string;
const at = "/api/contexts/%2B15551234";

async function tenant(): Promise<{ tenantId: string; key: string }> {
  const id = `t-${randomUUID()}`;
  await send("POST", "/api/tenants", { body: { tenantId: id, name: "A tenant" } });
  return { tenantId: id, key: await keyFor(["contexts:write"], id) };
}
beforeEach(async () => {
  ({ tenantId, key } = await tenant());
});

test("is set, read, changed and forgotten, with a version", async () => {
  expect((await send("GET", at, { key })).json).toMatchObject({ status: 404, code: "context-not-found" });
  expect((await send("PATCH", at, { key, body: { a: 1 } })).json).toMatchObject({ code: "context-not-found" });
  const made = await send("PUT", at, { key, body: { name: "Ann", likes: { tea: true } } });
  expect(made).toMatchObject({ status: 201, json: { userId: "+15551234", tenantId, version: 1 } });
  const changed = await send("PATCH", at, { key, body: { likes: { coffee: true, tea: null }, city: "Oslo" } });
  expect(changed.json.context).toEqual({ name: "Ann", likes: { coffee: true }, city: "Oslo" });
  const read = await send("GET", at, { key });
  expect([read.headers.etag, read.json.context]).toEqual(['"2"', changed.json.context]);
  expect((await send("PUT", at, { key, body: {} })).status).toBe(200);
  expect((await send("DELETE", at, { key })).status).toBe(204);
  expect((await send("DELETE", at, { key })).status).toBe(404);
});

test("is changed by who has read it last, and by nobody unseen", async () => {
  const ifMatch = (etag: string) => ({ "if-match": etag });
  await send("PUT", at, { key, body: { count: 1 } });
  expect((await send("PUT", at, { key, body: {}, headers: ifMatch('"1"') })).headers.etag).toBe('"2"');
  for (const method of ["PUT", "PATCH"] as const)
    expect((await send(method, at, { key, body: {}, headers: ifMatch('"1"') })).json).toMatchObject({ status: 412 });
  const unknown = "/api/contexts/nobody";
  expect((await send("PUT", unknown, { key, body: {}, headers: ifMatch('"1"') })).status).toBe(412);
  expect((await send("GET", unknown, { key })).status).toBe(404);
  const patches = Array.from({ length: 8 }, (_, index) => send("PATCH", at, { key, body: { [`k${index}`]: index } }));
  await Promise.all(patches);
  expect(Object.keys((await send("GET", at, { key })).json.context).length).toBe(8);
});

test("a person of the same name is another one in another tenant", async () => {
  const other = await tenant();
  await send("PUT", at, { key, body: { secret: "mine" } });
  expect((await send("GET", at, { key: other.key })).status).toBe(404);
  expect((await send("PUT", at, { key: other.key, body: { secret: "theirs" } })).status).toBe(201);
  expect((await send("DELETE", at, { key: other.key })).status).toBe(204);
  expect((await send("GET", at, { key })).json.context).toEqual({ secret: "mine" });
  const named = `${at}?tenantId=${tenantId}`;
  expect((await send("GET", named, { key: other.key })).json).toMatchObject({ status: 404, code: "tenant-not-found" });
  expect((await send("GET", named)).json.context).toEqual({ secret: "mine" });
});

test("goes with the person who is erased, in that tenant alone", async () => {
  const other = await tenant();
  for (const one of [key, other.key]) await send("PUT", at, { key: one, body: { name: "Ann" } });
  await send("POST", "/api/erasures", { body: { caller: "+15551234", tenantId } });
  expect((await send("GET", at, { key })).status).toBe(404);
  expect((await send("GET", at, { key: other.key })).status).toBe(200);
});

test("is bounded, and a patch cannot grow it beyond that", async () => {
  const big = { text: "x".repeat(31 * 1024) };
  expect((await send("PUT", at, { key, body: big })).status).toBe(201);
  const more = { more: "y".repeat(2 * 1024) };
  expect((await send("PATCH", at, { key, body: more })).json).toMatchObject({ status: 413, code: "context-too-large" });
  const huge = await send("PUT", "/api/contexts/new", { key, body: { ...big, ...more } });
  expect(huge.json).toMatchObject({ status: 413, code: "context-too-large" });
  expect((await send("GET", "/api/contexts/new", { key })).status).toBe(404);
});
