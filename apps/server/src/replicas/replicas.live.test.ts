import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { claims } from "../test/app.ts";
import type { FakeWorker } from "../test/fake-worker.ts";
import { API_KEY, LEASE_MS, testReplicas } from "../test/replicas.ts";

const replicas = testReplicas();
const { replica, killable, newCall, worker, endAll } = replicas;

const ordered = (to: FakeWorker, times = 1) =>
  vi.waitFor(() => expect(to.orders).toHaveLength(times), { timeout: 20_000, interval: 10 });

test("a command reaches the owner from whichever replica it comes to; each knows the agents of both", async () => {
  const [leader, follower] = [await replica(), await replica()];
  const [one, two] = [newCall(), newCall()];
  const a = await worker("a", leader.port, [one]);
  const b = await worker("b", follower.port, [two], "night-desk");
  for (const server of [leader, follower]) {
    for (const [call, owner] of [
      [one, a],
      [two, b],
    ] as const) {
      await vi.waitFor(
        async () => expect(await server.command(call.callId, "say", { text: "hi" })).toEqual({ ok: true, reason: "" }),
        { timeout: 10_000 },
      );
      expect(owner.told.at(-1)).toEqual({ callId: call.callId, name: "say", args: { text: "hi" } });
    }
    expect(await server.command("nobody", "say", {})).toEqual({ ok: false, reason: "no-owner" });
    const known = await fetch(`${server.url}/livekit/create-room`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ participantName: "Ann", agentId: "night-desk" }),
    });
    expect(known.status).toBe(201);
  }
  // A call has one owner, whatever replica is asked.
  const claim = { callId: two.callId, room: two.room, epoch: null };
  expect(await a.uplink.claim(claim, 5_000)).toMatchObject({ granted: false, epoch: 1 });
  expect(await b.uplink.claim({ ...claim, callId: one.callId }, 5_000)).toMatchObject({ granted: false, epoch: 1 });
  expect(await b.uplink.claim({ ...claim, callId: `${two.callId}-new` }, 5_000)).toMatchObject({ granted: true });
});

test("the calls of a worker that is lost go to a worker of the other replica, once, either way", async () => {
  const [leader, follower] = [await replica(), await replica()];
  for (const [from, to] of [
    [leader, follower],
    [follower, leader],
  ] as const) {
    const call = newCall();
    const a = await worker("a", from.port, [call]);
    const b = await worker("b", to.port);
    b.readsOrdered = true;
    await vi.waitFor(async () => expect((await to.command(call.callId, "say", {})).ok).toBe(true), { timeout: 10_000 });
    a.line.cut();
    await ordered(b);
    expect(b.orders[0]).toMatchObject({ callId: call.callId, room: call.room, epoch: 1_000, crashes: 1 });
    expect(claims(b.orders[0]?.token ?? "")).toMatchObject({ sub: call.identity, video: { room: call.room } });
    await vi.waitFor(() => expect(b.logs[0]).toHaveLength(5), { timeout: 5_000 });
    // The store is fenced for the old owner, whichever replica it comes back to.
    expect(await replicas.store.calls.get(call.callId)).toMatchObject({ lastEpoch: 1_000 });
    await sleep(LEASE_MS + 500);
    expect([a.orders, b.orders.length]).toEqual([[], 1]);
    await endAll();
    await b.uplink.close();
    await a.uplink.close();
  }
});

test("the replica that keeps the book is killed: its workers come back elsewhere, nothing is taken over; then it is again", async () => {
  const killed = await killable();
  const other = await replica();
  const [one, two] = [newCall(), newCall()];
  const a = await worker("a", killed.port, [one]);
  const b = await worker("b", other.port, [two]);
  killed.child.kill("SIGKILL");
  a.line.leadTo(other.port);
  for (const call of [one, two])
    await vi.waitFor(async () => expect((await other.command(call.callId, "say", {})).ok).toBe(true), {
      timeout: 20_000,
    });
  a.write(one, 6, 9);
  expect(await a.uplink.drained(20_000)).toBe(true);
  await sleep(2 * LEASE_MS);
  expect([a.orders, b.orders]).toEqual([[], []]);
  a.line.cut();
  await ordered(b);
  expect(b.orders[0]).toMatchObject({ callId: one.callId, epoch: 1_000 });
});

test("a replica is killed together with its worker: after a lease the worker's calls are taken over, once", async () => {
  const leader = await replica();
  const killed = await killable();
  const call = newCall();
  const b = await worker("b", leader.port);
  const a = await worker("a", killed.port, [call]);
  await vi.waitFor(async () => expect((await leader.command(call.callId, "say", {})).ok).toBe(true), {
    timeout: 10_000,
  });
  killed.child.kill("SIGKILL");
  a.line.cut();
  await ordered(b);
  await sleep(2 * LEASE_MS);
  expect([a.orders, b.orders.length]).toEqual([[], 1]);
});

test("the replica that keeps the book stands still: another one keeps it, and the thawed one gives no orders of its own", async () => {
  const frozen = await killable();
  const other = await replica();
  const [one, two] = [newCall(), newCall()];
  const a = await worker("a", frozen.port, [one]);
  const b = await worker("b", other.port, [two]);
  frozen.child.kill("SIGSTOP");
  // A frozen process holds its sockets: workers leave it when it says nothing for a few heartbeats.
  a.line.leadTo(other.port);
  for (const call of [one, two])
    await vi.waitFor(async () => expect((await other.command(call.callId, "say", {})).ok).toBe(true), {
      timeout: 30_000,
    });
  await sleep(2 * LEASE_MS);
  frozen.child.kill("SIGCONT");
  await sleep(2 * LEASE_MS);
  expect([a.orders, b.orders]).toEqual([[], []]);
  a.write(one, 6, 9);
  expect(await a.uplink.drained(20_000)).toBe(true);
  for (const call of [one, two]) expect((await other.command(call.callId, "say", {})).ok).toBe(true);
  a.line.cut();
  await ordered(b);
  await sleep(2 * LEASE_MS);
  expect(b.orders.map(({ callId, epoch }) => [callId, epoch])).toEqual([[one.callId, 1_000]]);
});
