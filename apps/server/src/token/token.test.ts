import { createHmac } from "node:crypto";
import { ParleyError } from "@parley/engine";
import { describe, expect, test } from "vitest";
import { claims, SECRET, type TestApp, testApp } from "../test/app.ts";
import { Seats } from "./seats.ts";

const HEADERS = { host: "127.0.0.1:8080" };
const ask = (app: TestApp["app"], payload?: object) =>
  app.inject({ method: "POST", url: "/api/token", headers: HEADERS, ...(payload === undefined ? {} : { payload }) });

async function granted(app: TestApp["app"], payload?: object) {
  const response = await ask(app, payload);
  expect(response.statusCode, response.body).toBe(201);
  const body = response.json() as { server_url: string; participant_token: string };
  return { ...body, claims: claims(body.participant_token) };
}

describe("POST /api/token", () => {
  test("asked for an agent that is not there lists those that are, as soon as workers tell of theirs", async () => {
    const wanted = { room_config: { agents: [{ agent_name: "nobody" }] } };
    const { app: alone } = await testApp();
    expect((await ask(alone, wanted)).statusCode).toBe(201);
    const { app: stored } = await testApp({ workerAgents: ["parley"] });
    expect((await ask(stored, wanted)).statusCode).toBe(201);
    const { app } = await testApp({ workerAgents: ["notes"] });
    const answer = await ask(app, wanted);
    expect(answer.json()).toMatchObject({ status: 404, code: "agent-not-found" });
    expect(answer.json().detail).toMatch(/front-desk, notes, sales/);
    const known = { room_config: { agents: [{ agent_name: "notes" }, { agent_name: "sales" }] } };
    expect((await ask(app, known)).statusCode).toBe(201);
  });

  test("without a body gives a seat in a room of its own, for 15 minutes, never admin", async () => {
    const { app } = await testApp();
    const before = Math.floor(Date.now() / 1000);
    const one = await granted(app);
    const two = await granted(app, {});
    expect(one.server_url).toBe("ws://127.0.0.1:7880");
    expect(one.claims.exp - before).toBeGreaterThanOrEqual(900);
    expect(one.claims.exp - before).toBeLessThan(910);
    expect(one.claims.video).toEqual({
      roomJoin: true,
      room: expect.stringMatching(/^room-[\w-]{16}$/),
      canPublish: true,
      canSubscribe: true,
      canPublishData: true,
      canUpdateOwnMetadata: false,
    });
    expect(two.claims.video.room).not.toBe(one.claims.video.room);
    expect(two.claims.sub).not.toBe(one.claims.sub);
    const [head, payload, signature] = one.participant_token.split(".");
    expect(createHmac("sha256", SECRET).update(`${head}.${payload}`).digest("base64url")).toBe(signature);
  });

  test("an empty JSON body is no body", async () => {
    const { app } = await testApp();
    const response = await app.inject({
      method: "POST",
      url: "/api/token",
      headers: { ...HEADERS, "content-type": "application/json" },
      payload: "",
    });
    expect(response.statusCode).toBe(201);
  });

  test("carries what was asked for, without what belongs to LiveKit", async () => {
    const { app } = await testApp();
    const { claims: token } = await granted(app, {
      room_name: "lobby",
      participant_identity: "ann",
      participant_name: "Ann",
      participant_metadata: '{"plan":"gold"}',
      participant_attributes: { shop: "north", "lk.agent.state": "speaking", "sip.phoneNumber": "1" },
      from_the_future: true,
    });
    expect(token).toMatchObject({
      sub: "ann",
      name: "Ann",
      metadata: '{"plan":"gold"}',
      attributes: { shop: "north" },
      video: { room: "lobby" },
    });
    expect(token.attributes).toEqual({ shop: "north" });
  });

  describe("control of the call", () => {
    const asked = { participant_attributes: { "parley.control": "say interrupt", shop: "north" } };
    const apiKey = "an-api-key-of-the-server";
    const askWith = (app: TestApp["app"], authorization: string, payload: object) =>
      app.inject({ method: "POST", url: "/api/token", headers: { ...HEADERS, authorization }, payload });

    test("is given to nobody on a server without a key, nor through a page's key", async () => {
      const { app } = await testApp();
      const page = await testApp({ apiKey, talkPage: true });
      const { publishableKey } = (await page.app.inject({ url: "/api/config", headers: HEADERS })).json();
      for (const refused of [await ask(app, asked), await askWith(page.app, `Bearer ${publishableKey}`, asked)]) {
        expect(refused.statusCode).toBe(403);
        expect(refused.json()).toMatchObject({
          code: "control-not-allowed",
          detail: expect.stringContaining("PARLEY_API_KEY"),
        });
      }
    });

    test("is given to whom a backend with the server's key wants it to have", async () => {
      const { app } = await testApp({ apiKey });
      const answer = await askWith(app, `Bearer ${apiKey}`, asked);
      expect(answer.statusCode).toBe(201);
      const token = claims(answer.json().participant_token);
      expect(token.attributes).toEqual({ shop: "north", "parley.control": "say interrupt" });
      expect(token.video).toMatchObject({ canUpdateOwnMetadata: false });
    });

    test("is not given under a name that is no method's", async () => {
      const { app } = await testApp({ apiKey });
      const payload = { participant_attributes: { "parley.control": "say everything" } };
      const answer = await askWith(app, `Bearer ${apiKey}`, payload);
      expect(answer.statusCode).toBe(400);
      expect(answer.json().detail).toContain("say, interrupt, mute, setLanguage");
    });
  });

  test("dispatches the default agent, whose call gets an id that the room knows too", async () => {
    const { app } = await testApp();
    const { roomConfig } = (await granted(app)).claims;
    expect(roomConfig?.agents).toHaveLength(1);
    expect(roomConfig?.agents?.[0]?.agentName).toBe("front-desk");
    const dispatch = JSON.parse(roomConfig?.agents?.[0]?.metadata ?? "");
    expect(dispatch).toEqual({ callId: expect.stringMatching(/^[\da-f-]{36}$/), agentId: "front-desk" });
    expect(JSON.parse(roomConfig?.metadata ?? "")).toEqual(dispatch);
  });

  test("keeps a room_config's agents and fields, but never its word on call, tenant and numbers", async () => {
    const { app } = await testApp();
    const theirs = {
      callId: "somebody-else's",
      tenantId: "acme",
      from: "+1",
      to: "+2",
      agentId: "x",
      language: "de",
      vip: 1,
    };
    const { roomConfig } = (
      await granted(app, {
        room_config: {
          agents: [
            { agent_name: "sales", metadata: JSON.stringify(theirs) },
            { agent_name: "notes", metadata: "plain" },
          ],
          metadata: JSON.stringify(theirs),
          egress: { room: { room_name: "x" } },
          departure_timeout: 1,
        },
      })
    ).claims;
    const [sales, notes] = (roomConfig?.agents ?? []).map(({ metadata }) => JSON.parse(metadata));
    expect(sales).toEqual({
      callId: expect.not.stringContaining("somebody"),
      agentId: "sales",
      language: "de",
      vip: 1,
    });
    expect(notes).toEqual({ callId: expect.any(String), agentId: "notes", metadata: "plain" });
    expect(notes.callId).not.toBe(sales.callId);
    expect(JSON.parse(roomConfig?.metadata ?? "")).toEqual(sales);
    expect(roomConfig).not.toHaveProperty("egress");
    expect(roomConfig?.departureTimeout ?? 0).toBe(0);
  });

  test.each([
    ["no agents named", { metadata: "m" }, ["front-desk"]],
    ["an agent without a name", { agents: [{ metadata: '{"language":"fr"}' }] }, ["front-desk"]],
    ["camelCase", { agents: [{ agentName: "sales" }] }, ["sales"]],
    ["an empty list: nobody is wanted", { agents: [] }, []],
  ])("room_config with %s", async (_what, room_config, agents) => {
    const { app } = await testApp();
    const { roomConfig } = (await granted(app, { room_config })).claims;
    expect((roomConfig?.agents ?? []).map((agent) => agent.agentName)).toEqual(agents);
  });

  test("tells browsers the public address when there is one, as a WebSocket's", async () => {
    const { app } = await testApp({ publicUrl: "https://voice.example" });
    expect((await granted(app)).server_url).toBe("wss://voice.example");
  });

  test.each([
    [{ participant_identity: "agent-1" }, /agent-/],
    [{ participant_identity: "SIP_+1555" }, /sip_/],
    [{ participant_identity: " " }, /participant_identity/],
    [{ participant_identity: "x".repeat(257) }, /participant_identity/],
    [{ participant_identity: "a\u0000b" }, /control/],
    [{ room_name: "x".repeat(257) }, /room_name/],
    [{ room_name: 7 }, /room_name/],
    [{ participant_name: "x".repeat(257) }, /participant_name/],
    [{ participant_metadata: "x".repeat(5_000) }, /participant_metadata/],
    [{ participant_attributes: { a: 1 } }, /participant_attributes/],
    [{ participant_attributes: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`a${i}`, ""])) }, /64/],
    [{ room_config: "all" }, /room_config/],
    [{ room_config: { agents: "all" } }, /room_config/],
    [{ room_config: { agents: Array.from({ length: 9 }, () => ({ agent_name: "a" })) } }, /9 agents/],
    [[], /object/],
  ])("refuses %j with a problem that says what is wrong", async (body, detail) => {
    const { app } = await testApp();
    const response = await ask(app, body);
    expect(response.statusCode).toBe(400);
    expect(response.headers["content-type"]).toContain("application/problem+json");
    expect(response.json()).toMatchObject({ status: 400, title: "Bad Request", detail: expect.stringMatching(detail) });
  });

  test.each([
    ["no JSON", "{", "application/json", 400],
    ["a form", "room_name=x", "application/x-www-form-urlencoded", 415],
    ["text", "{}", "text/plain", 415],
    ["a prototype", '{"__proto__":{"x":1}}', "application/json", 400],
    ["too much", JSON.stringify({ participant_metadata: "x".repeat(70_000) }), "application/json", 413],
  ])("refuses %s", async (_what, payload, type, status) => {
    const { app } = await testApp();
    const response = await app.inject({
      method: "POST",
      url: "/api/token",
      payload,
      headers: { ...HEADERS, "content-type": type },
    });
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ status, code: expect.stringMatching(/^[a-z-]+$/) });
  });

  test("an identity that is in the room is not given out again, until it has left", async () => {
    const { app, rooms } = await testApp();
    const ann = { room_name: "lobby", participant_identity: "ann" };
    rooms.set("lobby", ["ann", "agent-AJ_1"]);
    const taken = await ask(app, ann);
    expect(taken.statusCode).toBe(409);
    expect(taken.json()).toMatchObject({ code: "identity-in-room", detail: expect.stringContaining("leave it out") });
    await granted(app, { room_name: "lobby" });
    await granted(app, { room_name: "other", participant_identity: "ann" });
    rooms.set("lobby", ["agent-AJ_1"]);
    await granted(app, ann);
  });

  test("of two who ask for the same identity at the same time one gets it", async () => {
    const { app } = await testApp();
    const ann = { room_name: "lobby", participant_identity: "ann" };
    const answers = await Promise.all([ask(app, ann), ask(app, ann), ask(app, ann)]);
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([201, 409, 409]);
    const refused = answers.find((answer) => answer.statusCode === 409);
    expect(refused?.json().code).toBe("identity-joining");
    expect(Number(refused?.headers["retry-after"])).toBeGreaterThan(0);
  });

  test("a LiveKit that is away is a 503, not a token that leads nowhere", async () => {
    const { app, livekitFailure } = await testApp();
    livekitFailure.error = new ParleyError("LiveKit could not be reached", {
      code: "livekit-unreachable",
      category: "network",
      retryable: true,
    });
    const response = await ask(app, { room_name: "lobby", participant_identity: "ann" });
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ code: "livekit-unreachable" });
    expect(response.headers["retry-after"]).toBe("5");
  });

  test("neither tokens nor what they carry get into the log", async () => {
    const { app, logLines } = await testApp();
    const { participant_token } = await granted(app, { participant_metadata: "my-secret-plan" });
    const log = JSON.stringify(logLines());
    expect(log).toContain("/api/token");
    expect(log).not.toContain("my-secret-plan");
    expect(log).not.toContain(participant_token.split(".")[2]);
  });
});

describe("seats", () => {
  test("an identity that nobody came with is free again after a while", () => {
    let now = 0;
    const seats = new Seats(() => now);
    seats.give("r", "ann", null);
    now = 14_000;
    expect(seats.ask("r", "ann", null)).toEqual({ free: false, why: "joining", retryAfterS: 1 });
    now = 15_000;
    expect(seats.ask("r", "ann", null)).toEqual({ free: true });
  });

  test("who came and left may come back at once", () => {
    const seats = new Seats(() => 0);
    seats.give("r", "ann", null);
    expect(seats.ask("r", "ann", ["agent-1"])).toEqual({ free: true });
    seats.give("q", "ann", ["bob"]);
    expect(seats.ask("q", "ann", ["bob"])).toMatchObject({ why: "joining" });
    expect(seats.ask("q", "ann", ["bob", "ann"])).toEqual({ free: false, why: "connected" });
    expect(seats.ask("q", "ann", ["bob"])).toEqual({ free: true });
  });

  test("room and identity are not confused, and memory is bounded", () => {
    const seats = new Seats(() => 0);
    seats.give('a","b', "c", null);
    expect(seats.ask("a", 'b","c', null)).toEqual({ free: true });
    for (let i = 0; i < 10_001; i += 1) seats.give("r", `p${i}`, null);
    expect(seats.ask("r", "p0", null)).toEqual({ free: true });
    expect(seats.ask("r", "p10000", null)).toMatchObject({ free: false });
  });
});
