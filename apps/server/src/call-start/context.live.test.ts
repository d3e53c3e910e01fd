import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { claims } from "../test/app.ts";
import { testPlatform } from "../test/platform.ts";
import { callContext } from "./context.ts";

const platform = testPlatform();
const { send, keyFor } = platform;

async function tenant(): Promise<{ tenantId: string; key: string }> {
  const tenantId = `t-${randomUUID()}`;
  await send("POST", "/api/tenants", { body: { tenantId, name: "A tenant" } });
  return { tenantId, key: await keyFor(["contexts:write", "calls:write", "apps:write"], tenantId) };
}
const known = (metadata: object) => callContext(platform.store, { metadata: JSON.stringify(metadata) });
/** What a worker learns of a call that this token makes. */
const knownBy = (answer: { json: { participant_token: string } }) =>
  callContext(platform.store, {
    metadata: claims(answer.json.participant_token).roomConfig?.agents?.[0]?.metadata ?? "",
  });

test("a call's caller is known by userId, else by number, in the call's own tenant", async () => {
  const [mine, other] = [await tenant(), await tenant()];
  const set = (userId: string) =>
    send("PUT", `/api/contexts/${encodeURIComponent(userId)}`, { key: mine.key, body: { of: userId } });
  await set("ann");
  await set("+1555");
  const { tenantId } = mine;
  expect(await known({ callId: "c", tenantId, userId: "ann", from: "+1555" })).toEqual({ of: "ann" });
  expect(await known({ callId: "c", tenantId, from: "+1555" })).toEqual({ of: "+1555" });
  expect(await known({ callId: "c", tenantId: other.tenantId, userId: "ann" })).toBe(null);
  expect(await known({ callId: "c", userId: "ann" })).toBe(null);
  expect(await known({ callId: "c", tenantId, userId: { $ne: 1 } })).toBe(null);
  for (const metadata of ["", "null", "[]", '"ann"', "{"])
    expect(await callContext(platform.store, { metadata })).toBe(null);
});

test("a backend names the person, by the token's identity or in metadata; a page that strangers use cannot", async () => {
  const { key } = await tenant();
  await send("PUT", "/api/contexts/ann", { key, body: { name: "Ann" } });
  const byIdentity = { participant_identity: "ann" };
  const agents = [{ agent_name: "front-desk", metadata: JSON.stringify({ userId: "ann" }) }];
  const byMetadata = { room_config: { agents } };
  for (const body of [byIdentity, byMetadata])
    expect(await knownBy(await send("POST", "/api/token", { key, body }))).toEqual({ name: "Ann" });
  expect(await knownBy(await send("POST", "/api/token", { key, body: {} }))).toBe(null);
  const { publishableKey } = (await send("POST", "/api/apps", { key, body: { name: "page" } })).json;
  for (const body of [byIdentity, byMetadata]) {
    const answer = await send("POST", `/api/token?key=${publishableKey}`, { key: null, body });
    expect(answer.status).toBe(201);
    expect(await knownBy(answer)).toBe(null);
  }
});
