import type { WorkerConfig } from "../config.ts";
import { createLog } from "../log.ts";
import type { AgentSummary, FromShard, ToShard } from "../messages.ts";
import { createShardPool } from "../shard-pool.ts";
import { manualClock } from "./manual-clock.ts";

export const agent: AgentSummary = {
  name: "shop",
  title: "Shop",
  description: "",
  demo: false,
  asksToAccept: false,
  tools: [],
  maxCalls: null,
};

export const QUIET = { calls: 0, loopBusy: 0, loopDelayMs: 0, loopDelayP50Ms: 0, cpuMs: 0, cpuCores: 0 };
export const QUIET_BEAT = { ...QUIET, rssBytes: 0, resources: {} };

export interface FakeShard {
  sent: ToShard[];
  say(message: FromShard): void;
  die(how: string): void;
  killed: boolean;
}

/** Lets everything that is already settled run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A pool over processes that do what a test says. */
export function setUp(shards = 2, shardsAtRest = shards) {
  const clock = manualClock();
  const forked: FakeShard[] = [];
  const gone: string[] = [];
  const messages: FromShard[] = [];
  const named: string[] = [];
  const warm: number[] = [];
  const promised = new Set<number>();
  const seen: { doing: "running" | "waiting" | "stopped"; cpuMs: number } = { doing: "waiting", cpuMs: 0 };
  const pool = createShardPool({
    config: { shards, shardsAtRest } as WorkerConfig,
    clock,
    log: createLog("test", "silent"),
    fork(boot, say) {
      let die = (_how: string): void => {};
      const ended = new Promise<string>((resolve) => {
        die = resolve;
      });
      const shard: FakeShard = { sent: [{ type: "boot", ...boot }], say, die, killed: false };
      forked.push(shard);
      return {
        pid: 1,
        send: (message) => shard.sent.push(message),
        kill() {
          shard.killed = true;
          die("killed by SIGKILL");
        },
        gone: ended,
      };
    },
    onMessage: (_shardId, message) => messages.push(message),
    onNamed: ({ name }) => named.push(name),
    onReady: (shardId) => warm.push(shardId),
    onGone: (shardId, { how, stoodStill }) => gone.push(`${shardId} ${how}${stoodStill ? " in a standstill" : ""}`),
    isAwaited: (shardId) => promised.has(shardId),
    lookAt: () => seen,
    callsPerShard: 2,
  });
  const ready = (shard: FakeShard | undefined) => shard?.say({ type: "ready", agent });
  const started = async () => {
    const start = pool.start();
    ready(forked[0]);
    const summary = await start;
    for (const shard of forked.slice(1)) ready(shard);
    return summary;
  };
  return { pool, clock, forked, gone, messages, named, warm, promised, seen, ready, started };
}
