import { endedInFailure } from "@parley/conversation";
import { measured } from "@parley/metrics";
import type { CallKeeper, FactSink, UplinkPeer, WorkerMeasured } from "@parley/uplink";
import type { Part, StatusBoard } from "../status/parts.ts";
import type { Integration, ServerMetrics } from "./server-metrics.ts";

type Batch = Parameters<FactSink["appendBatch"]>[0];
type Stored = Awaited<ReturnType<FactSink["appendBatch"]>>;

/** The facts on their way into the store, measured. */
export function measureFacts(facts: FactSink, metrics: ServerMetrics): FactSink {
  return {
    read: (callId, page) => facts.read(callId, page),
    async appendBatch(batch) {
      const beganMs = performance.now();
      const told = { facts: batch.facts.length, stored: 0 };
      const tookMs = () => performance.now() - beganMs;
      try {
        const result = await facts.appendBatch(batch);
        const stored = newOf(batch, result);
        const outcome = result.status === "stored" ? "stored" : "refused";
        metrics.batch({ ...told, stored: stored.length, ms: tookMs(), outcome });
        for (const { type, reason } of stored)
          if (type === "call-closed") metrics.callEnded(!endedInFailure(String(reason)));
        return result;
      } catch (error) {
        metrics.batch({ ...told, ms: tookMs(), outcome: "failed" });
        throw error;
      }
    },
  };
}

/** What was not there before: a batch that is sent again counts once. */
function newOf({ facts }: Batch, result: Stored & { stored?: number }): Batch["facts"] {
  if (result.status !== "stored") return [];
  const upTo = facts.filter(({ seq }) => seq <= result.ackedSeq);
  return result.stored === undefined ? upTo : upTo.slice(upTo.length - result.stored);
}

/** What workers tell of their calls, by the line that is theirs at the moment. */
export interface WorkersMeasured {
  told(peer: UplinkPeer, told: WorkerMeasured): void;
  /** Its line is gone: what it said of its running calls holds no more. */
  gone(peer: UplinkPeer): void;
}

export function measureWorkers(metrics: ServerMetrics): WorkersMeasured {
  const running = new Map<UplinkPeer, NonNullable<WorkerMeasured["running"]>>();
  metrics.watch(() => {
    const all = [...running.values()];
    const calls = all.reduce((sum, one) => sum + one.calls, 0);
    const wholeMs = all.reduce((sum, one) => sum + one.calls * one.meanMs, 0);
    return [
      measured("session_duration", calls === 0 ? 0 : wholeMs / calls, { of: "mean" }),
      measured("session_duration", Math.max(0, ...all.map(({ longestMs }) => longestMs)), { of: "longest" }),
    ];
  });
  return {
    told(peer, { sums, running: now }) {
      metrics.workerMeasured(sums);
      if (now === null) running.delete(peer);
      else running.set(peer, now);
    },
    gone: (peer) => void running.delete(peer),
  };
}

/** Who runs how many calls, measured. */
export function measureLeases(keeper: CallKeeper, metrics: ServerMetrics, workers: WorkersMeasured): CallKeeper {
  const held = new Map<UplinkPeer, number>();
  metrics.watch(() => [
    measured(
      "leases",
      [...held.values()].reduce((sum, calls) => sum + calls, 0),
      {},
    ),
  ]);
  return {
    ...keeper,
    leased(peer, lease) {
      held.set(peer, lease.calls.length);
      keeper.leased(peer, lease);
    },
    gone(peer, how) {
      held.delete(peer);
      workers.gone(peer);
      keeper.gone(peer, how);
    },
  };
}

const COUNTED: ReadonlySet<Part> = new Set(["livekit", "webhooks", "store"]);

/** The board, whose failures are counted besides; those of calls' providers are the workers' to count. */
export function measureFailures(board: StatusBoard, metrics: ServerMetrics): StatusBoard {
  return {
    ...board,
    failed(part, error) {
      if (COUNTED.has(part)) metrics.integrationFailed(part as Integration);
      board.failed(part, error);
    },
  };
}
