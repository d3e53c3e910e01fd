import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  attachUplink,
  type CallKeeper,
  type Command,
  type FactSink,
  type Lease,
  singleKey,
  type UplinkPeer,
} from "@parley/uplink";
import { afterEach, expect, it, vi } from "vitest";
import type { WorkerConfig } from "../config.ts";
import { createLog } from "../log.ts";
import type { CallAssignment } from "../messages.ts";
import { openOwnLine } from "./own-line.ts";

const KEY = "a-worker-key-of-this-test";
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The server's end: what it stored, who leased what, and a line to give orders by. */
async function server() {
  const stored: string[] = [];
  const leases: Lease[] = [];
  const claimed: { callId: string; epoch: number | null }[] = [];
  let peer: UplinkPeer | undefined;
  let stale = false;
  const store: FactSink = {
    async appendBatch({ callId, facts }) {
      if (stale) return { status: "stale-epoch", currentEpoch: 1_000 };
      stored.push(...facts.map(({ seq }) => `${callId} ${seq}`));
      return { status: "stored", ackedSeq: facts.at(-1)?.seq ?? 0 };
    },
    read: async () => ({ facts: [], nextAfterSeq: null }),
  };
  const keeper: CallKeeper = {
    up(who) {
      peer = who;
    },
    leased: (_, lease) => void leases.push(lease),
    unserved: () => undefined,
    gone: () => undefined,
    async claim(_, call) {
      claimed.push(call);
      return { granted: false, epoch: 1_000, owner: "another" };
    },
    reads: async () => undefined,
    handOver: async () => ({ accepted: false, reason: "" }),
  };
  const http = createServer();
  const uplinks = attachUplink(http, { store, keeper, authenticate: singleKey("test", KEY) });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    await uplinks.close();
    http.close();
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const refuse = () => {
    stale = true;
  };
  return { url, stored, leases, claimed, peer: () => peer!, refuse };
}

const fact = (callId: string, seq: number) =>
  `${JSON.stringify({ version: 1, callId, epoch: 1, seq, at: seq, type: "caller-joined" })}\n`;

async function orphan(url: string | null, running = ["mine"]) {
  const dir = mkdtempSync(join(tmpdir(), "parley-orphan-"));
  closers.push(() => rmSync(dir, { recursive: true }));
  const files = Object.fromEntries(["mine", "sibling"].map((id) => [id, join(dir, `${id}.1.ndjson`)]));
  for (const [id, path] of Object.entries(files)) writeFileSync(path, fact(id, 1));
  const assignments = running.map((callId) => {
    const context = { room: `room-of-${callId}` } as CallAssignment["context"];
    return { jobId: `job-${callId}`, callId, epoch: 1, logPath: files[callId]!, identity: "agent", context };
  });
  const calls = {
    assignments: () => assignments as CallAssignment[],
    end: vi.fn(),
    abandon: vi.fn(),
    order: vi.fn(async () => ({ ok: true, reason: "" })),
  };
  const config = {
    backend: url === null ? null : { url, key: KEY },
    callsMaxMb: 16,
    filesKeys: [] as readonly string[],
    recordingBy: "agent",
    connectionTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
  } as WorkerConfig;
  const line = await openOwnLine({ config, agentName: "demo", calls, log: createLog("test", "silent") });
  if (line) closers.push(() => line.close());
  return { line, calls, mine: files.mine!, end: () => void assignments.pop() };
}

it("leases its calls in their epoch, wants no others, and ships its own logs to their ends", async () => {
  const { url, stored, leases } = await server();
  const { line, mine, end } = await orphan(url);
  await vi.waitFor(() => expect(stored).toEqual(["mine 1"]));
  expect(leases.at(-1)).toMatchObject({
    draining: true,
    calls: [{ callId: "mine", epoch: 1, room: "room-of-mine", agentName: "demo", identity: "agent" }],
  });
  end();
  appendFileSync(mine, fact("mine", 2));
  await line!.close();
  expect(stored).toEqual(["mine 1", "mine 2"]);
  expect(leases.at(-1)?.calls).toEqual([]);
});

it("carries out what the server orders, and nothing for a call that it does not run", async () => {
  const { url, leases, peer } = await server();
  const { calls } = await orphan(url);
  await vi.waitFor(() => expect(leases).not.toEqual([]));
  const order = (callId: string, name: Command["name"], args = {}) => peer().command({ callId, name, args }, 2_000);
  expect((await order("mine", "say", { text: "one moment" })).ok).toBe(true);
  expect(calls.order).toHaveBeenLastCalledWith("job-mine", {
    name: "say",
    text: "one moment",
    interruptible: true,
    by: "operator",
  });
  expect((await order("mine", "end", { reason: "operator" })).ok).toBe(true);
  expect(calls.end).toHaveBeenLastCalledWith("job-mine", "operator");
  expect((await order("mine", "say", {})).ok).toBe(false);
  expect((await order("mine", "take-over", {})).ok).toBe(false);
  expect((await order("sibling", "interrupt")).ok).toBe(false);
  expect(calls.order).toHaveBeenCalledTimes(1);
});

it("leaves a call that another worker has by now", async () => {
  const { url, refuse, claimed } = await server();
  refuse();
  const { line, calls } = await orphan(url);
  await vi.waitFor(() => expect(calls.abandon).toHaveBeenCalledWith("job-mine"));
  expect(await line!.isOurs("job-mine")).toBe(false);
  expect(claimed).toMatchObject([{ callId: "mine", epoch: 1 }]);
});

it("has no line without a server, or without a call", async () => {
  expect((await orphan(null)).line).toBeNull();
  const { url } = await server();
  expect((await orphan(url, [])).line).toBeNull();
});
