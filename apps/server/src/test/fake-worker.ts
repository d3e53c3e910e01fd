import { appendFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callStarted } from "@parley/testkit/facts";
import {
  callFileName,
  type LeasedCall,
  openUplink,
  parseTakeOver,
  type ShippedFact,
  type TakeOver,
  type Uplink,
} from "@parley/uplink";
import { onTestFinished } from "vitest";
import { type BreakableLine, breakableLine } from "./breakable-line.ts";

export interface FakeWorker {
  uplink: Uplink;
  line: BreakableLine;
  /** What it says that it runs. */
  calls: LeasedCall[];
  orders: (TakeOver & { callId: string; atMs: number })[];
  /** What it was told, orders aside. */
  told: { callId: string; name: string; args: object }[];
  stale: { callId: string; epoch: number }[];
  /** What it read of the calls that it was ordered to take. */
  logs: ShippedFact[][];
  /** It reads a call's log before it says yes, as workers do. */
  readsOrdered: boolean;
  draining: boolean;
  /** Why it takes no orders; null: it takes them. */
  refuses: string | null;
  /** Writes facts as a shard does; the first one of a call begins it. */
  write(call: LeasedCall, firstSeq: number, lastSeq: number, more?: object): void;
}

/** A worker as the server sees it: an uplink, a folder of call files, and orders that it follows. */
export async function fakeWorker(
  name: string,
  { port, key, calls = [], agent = "front-desk" }: { port: number; key: string; calls?: LeasedCall[]; agent?: string },
): Promise<FakeWorker> {
  const dir = await mkdtemp(join(tmpdir(), "parley-fake-worker-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const line = await breakableLine(port);
  onTestFinished(() => line.close());
  const worker: Omit<FakeWorker, "uplink"> = {
    line,
    calls: [...calls],
    orders: [],
    told: [],
    stale: [],
    logs: [],
    readsOrdered: false,
    draining: false,
    refuses: null,
    write({ callId, epoch, room }, firstSeq, lastSeq, more = {}) {
      for (let seq = firstSeq; seq <= lastSeq; seq += 1) {
        const fact = { callId, epoch, seq, at: seq * 10, version: 1, ...more };
        const body =
          seq === 1
            ? callStarted({ agent, room, wallMs: Date.now() })
            : { type: "speech-started", participantId: name };
        appendFileSync(join(dir, callFileName(callId, epoch)), `${JSON.stringify({ ...body, ...fact })}\n`);
      }
    },
  };
  const uplink = await openUplink({
    url: line.url,
    key,
    dir,
    agent,
    worker: name,
    batchMs: 5,
    pollMs: 100,
    // Leases are short in these tests: nobody may stay away for longer than one.
    backoffMs: { first: 50, longest: 400 },
    runningCalls: () => worker.calls,
    draining: () => worker.draining,
    onStale: (call) => worker.stale.push(call),
    async onCommand({ callId, name: command, args }) {
      if (command !== "take-over") {
        worker.told.push({ callId, name: command, args });
        return { ok: true, reason: "" };
      }
      const order = parseTakeOver(args);
      worker.orders.push({ ...order, callId, atMs: performance.now() });
      if (worker.refuses !== null) return { ok: false, reason: worker.refuses };
      if (worker.readsOrdered) worker.logs.push(await uplink.readLog(callId, 5_000));
      const { epoch, room, agentName, identity, crashes } = order;
      worker.calls.push({ callId, epoch, room, agentName, identity, crashes });
      uplink.beat();
      return { ok: true, reason: "" };
    },
  });
  onTestFinished(() => uplink.close());
  return Object.assign(worker, { uplink });
}
