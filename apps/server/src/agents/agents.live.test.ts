import { randomUUID } from "node:crypto";
import { HIDDEN } from "@parley/agent/stored";
import { describe, expect, test } from "vitest";
import { testPlatform } from "../test/platform.ts";

const platform = testPlatform();
const { send, keyFor } = platform;

const lookUp = {
  name: "look_up",
  description: "Looks an order up",
  parameters: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
  url: "https://shop.example/orders/{order}",
  method: "GET",
  headers: { authorization: "Bearer hunter2-hunter2" },
};
const make = async (body: object, key?: string) => {
  const made = await send("POST", "/api/agents", { body: { name: "Shop", ...body }, ...(key ? { key } : {}) });
  expect([made.status, made.json.detail]).toEqual([201, undefined]);
  return made;
};
const tenant = async () => {
  const tenantId = `t-${randomUUID()}`;
  await send("POST", "/api/tenants", { body: { tenantId, name: "A tenant" } });
  return { tenantId, key: await keyFor(["agents:write", "calls:write"], tenantId) };
};
const stored = async () =>
  JSON.stringify([
    (await platform.store.agents.list()).items,
    await Promise.all(
      (await platform.store.agents.list()).items.map(({ agentId }) => platform.store.agents.versions(agentId)),
    ),
  ]);

describe("a stored agent", () => {
  test("is made, read, listed, changed and removed", async () => {
    const made = await make({ greeting: "Good day.", llm: "local/receptionist", behaviour: { maxToolSteps: 2 } });
    const { agentId } = made.json;
    expect(agentId).toMatch(/^agent_[\w-]{16}$/);
    expect(made.json).toMatchObject({ version: 1, tenantId: null, greeting: "Good day.", llm: "local/receptionist" });
    expect(made.headers.etag).toBe('"1"');
    const at = `/api/agents/${agentId}`;
    const change = { greeting: null, instructions: "Be brief, {{caller.name}}." };
    const changed = await send("PATCH", at, { body: change });
    expect(changed.json).toMatchObject({ version: 2, instructions: change.instructions, llm: "local/receptionist" });
    expect(changed.json).not.toHaveProperty("greeting");
    expect((await send("GET", at)).json).toEqual(changed.json);
    expect((await send("GET", "/api/agents")).json.agents).toContainEqual(
      expect.objectContaining({ agentId, version: 2 }),
    );
    expect((await send("DELETE", at)).status).toBe(204);
    for (const [method, url] of [
      ["GET", at],
      ["DELETE", at],
      ["GET", `${at}/versions`],
    ] as const)
      expect((await send(method, url)).json).toMatchObject({ status: 404, code: "agent-not-found" });
    expect(await platform.store.agents.versionOf(agentId, 1, null)).toMatchObject({ version: 1 });
  });

  test("has versions that never change, and goes back to one as a new one", async () => {
    const at = `/api/agents/${(await make({ greeting: "One." })).json.agentId}`;
    for (const greeting of ["Two.", "Three."]) await send("PATCH", at, { body: { greeting } });
    const back = await send("POST", `${at}/versions/1/restore`, { body: {} });
    expect(back.json).toMatchObject({ version: 4, greeting: "One." });
    const first = await send("GET", `${at}/versions?limit=3`);
    expect(first.json.versions).toMatchObject([{ version: 4, restoredFrom: 1 }, { version: 3 }, { version: 2 }]);
    const rest = await send("GET", `${at}/versions?limit=3&cursor=${first.json.nextCursor}`);
    expect(rest.json).toMatchObject({ versions: [{ version: 1, restoredFrom: null }], nextCursor: null });
    expect((await send("GET", `${at}/versions/2`)).json).toMatchObject({ version: 2, greeting: "Two." });
    expect((await send("GET", `${at}/versions/9`)).json).toMatchObject({
      status: 404,
      code: "agent-version-not-found",
    });
  });

  test("is changed by who has read it last, and by one of two at once", async () => {
    const at = `/api/agents/${(await make({})).json.agentId}`;
    const change = (etag: string, greeting: string) =>
      send("PATCH", at, { body: { greeting }, headers: { "if-match": etag } });
    const both = await Promise.all([change('"1"', "A"), change('"1"', "B")]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect((await change('"1"', "C")).json).toMatchObject({ code: "version-changed" });
    expect((await change('"2"', "C")).headers.etag).toBe('"3"');
  });

  test("that cannot be is refused with what is wrong", async () => {
    for (const [body, wrong] of [
      [{ name: "" }, /name/],
      [{ greetin: "x" }, /greetin/],
      [{ llm: "opnai/gpt" }, /llm: .*known are .*local\/receptionist/],
      [{ greeting: "Hello {{user}}" }, /\{\{user\}\} is not known/],
      [{ temperature: 9 }, /temperature/],
      [{ behaviour: { endpointing: { minMs: -1 } } }, /behaviour\.endpointing\.minMs/],
      [{ instructions: "\0" }, /NUL/],
      [{ instructions: "x".repeat(100_001) }, /instructions/],
      [{ tools: [lookUp, { ...lookUp, url: "https://other.example" }] }, /two tools are named look_up/],
      [{ tools: [{ ...lookUp, url: "https://{order}.example/x" }] }, /tools/],
      [{ tools: [{ ...lookUp, url: "file:///etc/passwd" }] }, /tools/],
      [{ tools: [{ ...lookUp, url: "https://me:pw@shop.example/" }] }, /tools/],
      [{ tools: [{ ...lookUp, headers: { host: "x" } }] }, /tools/],
      [{ tools: [{ ...lookUp, headers: { "x-key": "a\r\nb: c" } }] }, /tools/],
      [{ onEnter: "x" }, /onEnter/],
    ] as const) {
      const { status, json } = await send("POST", "/api/agents", { body: { name: "Shop", ...body } });
      expect([JSON.stringify(body).slice(0, 60), status]).toEqual([JSON.stringify(body).slice(0, 60), 400]);
      expect(json.detail).toMatch(wrong);
    }
    const at = `/api/agents/${(await make({})).json.agentId}`;
    expect((await send("PATCH", at, { body: { name: null } })).json).toMatchObject({ code: "request-invalid" });
  });

  test("keeps its headers sealed, and never shows them", async () => {
    const { json } = await make({ tools: [lookUp] });
    const at = `/api/agents/${json.agentId}`;
    expect(json.tools[0].headers).toEqual({ authorization: HIDDEN });
    const kept = await send("PATCH", at, { body: { tools: json.tools, greeting: "Hi." } });
    expect(kept.json.tools[0].headers).toEqual({ authorization: HIDDEN });
    const versions = await platform.store.agents.versions(json.agentId);
    const [two, one] = versions.map(({ definition }) => (definition.tools as (typeof lookUp)[])[0]?.headers);
    expect(two).toEqual(one);
    expect(one?.authorization).toMatch(/^s1\./);
    for (const url of [at, `${at}/versions`, `${at}/versions/1`, "/api/agents"])
      expect(JSON.stringify((await send("GET", url)).json)).not.toContain("hunter2");
    expect(await stored()).not.toContain("hunter2");
  });

  test("gives its headers to no other host, and to no other tool", async () => {
    const at = `/api/agents/${(await make({ tools: [lookUp] })).json.agentId}`;
    const hidden = { ...lookUp, headers: { authorization: HIDDEN } };
    for (const tool of [
      { ...hidden, url: "https://evil.example/orders/{order}" },
      { ...hidden, name: "other" },
      { ...lookUp, headers: { "x-other": HIDDEN } },
    ])
      expect((await send("PATCH", at, { body: { tools: [tool] } })).json).toMatchObject({
        status: 400,
        code: "header-hidden",
      });
    const fresh = { name: "Shop", tools: [hidden] };
    expect((await send("POST", "/api/agents", { body: fresh })).json).toMatchObject({ code: "header-hidden" });
  });

  test("of a tenant is the tenant's alone, to see and to ask for", async () => {
    const [mine, theirs] = [await tenant(), await tenant()];
    const { agentId } = (await make({}, mine.key)).json;
    expect((await send("GET", `/api/agents/${agentId}`)).json).toMatchObject({ tenantId: mine.tenantId });
    const ask = (key: string) =>
      send("POST", "/livekit/create-room", { key, body: { participantName: "Ann", agentId } });
    const refused = await ask(theirs.key);
    expect(refused.json).toMatchObject({ status: 404, code: "agent-not-found" });
    // Not found, though known: there is nobody yet to run it.
    expect((await ask(mine.key)).json).toMatchObject({ status: 503, code: "agent-worker-missing" });
    const token = (key: string) =>
      send("POST", "/api/token", { key, body: { room_config: { agents: [{ agent_name: agentId }] } } });
    expect((await token(theirs.key)).json).toMatchObject({ status: 404, code: "agent-not-found" });
    expect((await token(mine.key)).json).toMatchObject({ status: 503, code: "agent-worker-missing" });
    const generic = { room_config: { agents: [{ agent_name: "parley" }] } };
    expect((await send("POST", "/api/token", { body: generic })).json).toMatchObject({ code: "agent-not-found" });
    expect(
      (await send("POST", "/livekit/create-room", { body: { participantName: "Ann", agentId } })).json,
    ).toMatchObject({
      code: "agent-not-found",
    });
  });

  test("that names tools of code is refused while no worker offers them", async () => {
    const { json } = await send("POST", "/api/agents", { body: { name: "Shop", tools: ["book"] } });
    expect(json).toMatchObject({ status: 503, code: "agent-worker-missing" });
  });
});
