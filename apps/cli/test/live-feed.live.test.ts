import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type LivePlatform, livePlatform, ROOT_KEY } from "./support/platform.ts";

const patience = { timeout: 15_000, interval: 50 };
let platform: LivePlatform;
const open: Viewer[] = [];
beforeAll(async () => {
  platform = await livePlatform();
});
afterEach(() => {
  for (const { socket } of open.splice(0)) socket.terminate();
});
afterAll(() => platform?.close());

interface Viewer {
  socket: WebSocket;
  seqs: number[];
  types: string[];
  isLive: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, it says
  answers: any[];
  closed: number | null;
}

function watch(callId: string, { afterSeq = 0, key = ROOT_KEY, ticket = "" } = {}): Viewer {
  const query = ticket === "" ? `afterSeq=${afterSeq}` : `ticket=${ticket}`;
  const url = `${platform.server.url.replace("http", "ws")}/api/calls/${callId}/live?${query}`;
  const socket = new WebSocket(url, ticket === "" ? { headers: { authorization: `Bearer ${key}` } } : {});
  const viewer: Viewer = { socket, seqs: [], types: [], isLive: false, answers: [], closed: null };
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    if (message.type === "live") viewer.isLive = true;
    if (message.type === "answer") viewer.answers.push(message);
    for (const { seq, type } of message.facts ?? []) {
      viewer.seqs.push(seq);
      viewer.types.push(type);
    }
  });
  socket.on("close", (code) => {
    viewer.closed = code;
  });
  socket.on("error", () => undefined);
  open.push(viewer);
  return viewer;
}

/** What a refused upgrade is answered. */
async function refused(
  callId: string,
  options: { key?: string; ticket?: string },
): Promise<{ status: number; code: string }> {
  const { socket } = watch(callId, options);
  const [, response] = await once(socket, "unexpected-response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, code: JSON.parse(body).code };
}

const ticketFor = async (callId: string, body: object = {}, key = ROOT_KEY) =>
  (await platform.send("POST", `/api/calls/${callId}/ticket`, { key, body })).json;

it("shows a call's facts in order and without a gap, across a reconnect, to its end", async () => {
  const { callId, caller } = await platform.call();
  const first = watch(callId);
  await expect.poll(() => first.isLive, patience).toBe(true);
  expect(first.types).toContain("call-started");
  await caller.sendChat("When do you open?");
  await expect.poll(() => first.types, patience).toContain("text-received");
  first.socket.terminate();
  await expect.poll(() => first.types.length, patience).toBeGreaterThan(0);
  await expect
    .poll(async () => (await platform.store.calls.get(callId))?.lastSeq, patience)
    .toBeGreaterThan(first.seqs.at(-1)!);

  const second = watch(callId, { afterSeq: first.seqs.at(-1)! });
  await expect.poll(() => second.types, patience).toContain("turn-replied");
  second.socket.send(JSON.stringify({ type: "say", id: "1", text: "Goodbye now." }));
  await expect.poll(() => second.answers, patience).toEqual([{ type: "answer", id: "1", ok: true, accepted: true }]);
  await expect.poll(() => second.types, patience).toContain("say-requested");
  for (const [message, code] of [
    [{ type: "dance", id: 2 }, "request-invalid"],
    [{ type: "say", text: "" }, "request-invalid"],
    ["{", "request-invalid"],
  ] as const) {
    const count = second.answers.length;
    second.socket.send(typeof message === "string" ? message : JSON.stringify(message));
    await expect.poll(() => second.answers[count], patience).toMatchObject({ ok: false, status: 400, code });
  }
  second.socket.send(JSON.stringify({ type: "hang-up", id: 3 }));
  await expect.poll(() => second.closed, patience).toBe(1000);
  expect(second.types.at(-1)).toBe("call-closed");
  const seen = [...first.seqs, ...second.seqs];
  expect(seen).toEqual(seen.map((_, index) => index + 1));

  const afterwards = watch(callId);
  await expect.poll(() => afterwards.closed, patience).toBe(1000);
  expect(afterwards.seqs).toEqual(seen);
});

it("lets in who has the key or a fresh ticket for the call, and nobody else", async () => {
  const { callId } = await platform.call();
  for (const tenantId of ["one", "two"])
    await platform.send("POST", "/api/tenants", { body: { tenantId, name: tenantId } });
  const theirs = await platform.keyFor(["calls:write"], "two");
  expect(await refused(callId, { key: "sk_unknown" })).toEqual({ status: 401, code: "api-key-unknown" });
  expect(await refused(callId, { key: theirs })).toEqual({ status: 404, code: "call-not-found" });
  expect(await refused("nobody", {})).toEqual({ status: 404, code: "call-not-found" });
  expect((await platform.send("GET", `/api/calls/${callId}/live`)).json).toMatchObject({ code: "websocket-wanted" });
  expect((await platform.send("POST", `/api/calls/${callId}/ticket`, { key: theirs, body: {} })).status).toBe(404);

  const { ticket, expiresAt } = await ticketFor(callId);
  expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
  const viewer = watch(callId, { ticket });
  await expect.poll(() => viewer.isLive, patience).toBe(true);
  viewer.socket.send(JSON.stringify({ type: "mute", id: 1, muted: true }));
  await expect.poll(() => viewer.answers, patience).toMatchObject([{ ok: false, code: "control-not-permitted" }]);
  expect(await refused(callId, { ticket })).toEqual({ status: 401, code: "ticket-not-good" });

  const reader = await platform.keyFor(["calls:read"]);
  expect(await ticketFor(callId, { control: true }, reader)).toMatchObject({ status: 403, code: "scope-missing" });
  const other = await platform.call();
  const elsewhere = await ticketFor(other.callId);
  expect(await refused(callId, { ticket: elsewhere.ticket })).toEqual({ status: 401, code: "ticket-not-good" });
  const late = "lt_that-has-expired";
  const expired = {
    secret: late,
    callId,
    tenantId: null,
    mayControl: true,
    keyId: null,
    expiresAt: new Date(Date.now() - 1),
  };
  await platform.store.tickets.issue(expired);
  expect(await refused(callId, { ticket: late })).toEqual({ status: 401, code: "ticket-not-good" });

  const controls = watch(callId, { ticket: (await ticketFor(callId, { control: true })).ticket });
  await expect.poll(() => controls.isLive, patience).toBe(true);
  controls.socket.send(JSON.stringify({ type: "mute", id: 1, muted: true }));
  await expect.poll(() => controls.answers, patience).toEqual([{ type: "answer", id: 1, ok: true, muted: true }]);
});

it("shows the same as server-sent events, which go on behind Last-Event-ID", async () => {
  const { callId, caller } = await platform.call();
  const url = `${platform.server.url}/api/calls/${callId}/events`;
  const headers = { authorization: `Bearer ${ROOT_KEY}` };
  const response = await fetch(url, { headers });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  const reading = (async () => {
    for await (const chunk of response.body!) text += Buffer.from(chunk).toString();
  })();
  await expect.poll(() => text, patience).toContain("event: live");
  await caller.sendChat("When do you open?");
  await expect.poll(() => text, patience).toContain('"turn-replied"');
  await platform.send("POST", `/api/calls/${callId}/hang-up`, { body: {} });
  await reading;
  const seqs = (events: string) =>
    [...events.matchAll(/^data: (\[.*)$/gm)].flatMap(([, json]) => JSON.parse(json!)).map(({ seq }) => seq);
  expect(seqs(text)).toEqual(seqs(text).map((_, index) => index + 1));
  expect(text).toMatch(/event: ended\ndata: \{\}\n\n$/);

  const again = await fetch(url, { headers: { ...headers, "last-event-id": "3" } });
  expect(seqs(await again.text())).toEqual(seqs(text).slice(3));
  const atEnd = await fetch(url, { headers: { ...headers, "last-event-id": String(seqs(text).at(-1)) } });
  expect(atEnd.status).toBe(204);
  const theirs = await platform.keyFor(["calls:read"], "two");
  expect((await fetch(url, { headers: { authorization: `Bearer ${theirs}` } })).status).toBe(404);
});

it("shows out whoever watches by a key that is revoked or rotated, with a ticket of it, or of a tenant that is gone", async () => {
  const tenantId = "three";
  await platform.send("POST", "/api/tenants", { body: { tenantId, name: "Three" } });
  const { callId } = await platform.call(await platform.keyFor(["calls:write"], tenantId));
  const made = async () => (await platform.send("POST", "/api/keys", { body })).json as { key: string; keyId: string };
  const body = { name: "of a page", scopes: ["calls:read"], tenantId };
  const [revoked, rotated, removed] = [await made(), await made(), await made()];
  const root = watch(callId);
  const byKey = watch(callId, revoked);
  const byTicket = watch(callId, { ticket: (await ticketFor(callId, {}, revoked.key)).ticket });
  const old = watch(callId, rotated);
  const last = watch(callId, removed);
  const unused = (await ticketFor(callId, {}, revoked.key)).ticket;
  const events = await fetch(`${platform.server.url}/api/calls/${callId}/events`, {
    headers: { authorization: `Bearer ${revoked.key}` },
  });
  const all = [root, byKey, byTicket, old, last];
  await expect.poll(() => all.map(({ isLive }) => isLive), patience).toEqual([true, true, true, true, true]);
  await platform.send("DELETE", `/api/keys/${revoked.keyId}`);
  await platform.send("POST", `/api/keys/${rotated.keyId}/rotate`, { body: { graceSeconds: 0 } });
  expect(await events.text()).toMatch(/event: closed\ndata: \{"code":"key-not-good"\}\n\n$/);
  const codes = () => all.map(({ closed }) => closed);
  await expect.poll(codes, patience).toEqual([null, 4401, 4401, 4401, null]);
  expect(await refused(callId, { ticket: unused })).toEqual({ status: 401, code: "ticket-not-good" });
  await platform.send("DELETE", `/api/tenants/${tenantId}`);
  await expect.poll(codes, patience).toEqual([null, 4401, 4401, 4401, 4401]);
});

it("the server says goodbye to who watches when it stops, and Postgres away is a 503", async () => {
  const { callId, caller } = await platform.call();
  const viewer = watch(callId);
  await expect.poll(() => viewer.isLive, patience).toBe(true);
  await platform.postgres.stop();
  expect((await refused(callId, {})).status).toBe(503);
  expect(caller.lost).toBeNull();
  expect(viewer.closed).toBeNull();
  await platform.server.close();
  await expect.poll(() => viewer.closed, patience).toBe(1001);
});
