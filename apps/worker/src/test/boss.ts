import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobOffer, mintAgentToken } from "@parley/livekit";
import type { Backend } from "../backend.ts";
import type { WorkerConfig } from "../config.ts";
import { createLog } from "../log.ts";
import type { AgentSummary, CallAssignment, ToShard } from "../messages.ts";
import type { PooledShard, ShardPool } from "../shard-pool.ts";
import { createSupervisor } from "../supervisor.ts";
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

export function offer(n: number, metadata: object = {}): JobOffer {
  return {
    jobId: `job-${n}`,
    dispatchId: "",
    agentName: "shop",
    room: { name: `room-${n}`, sid: `RM_${n}`, metadata: "" },
    participant: null,
    metadata: JSON.stringify({ callId: `call-${n}`, ...metadata }),
    attributes: {},
  };
}

export const assignment = (n: number, metadata?: object) => ({
  job: offer(n, metadata),
  identity: `agent-job-${n}`,
  token: "t",
  url: "ws://here",
});

const folders: string[] = [];

/** For afterEach. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Files are read and tokens made; by doing as much of both as a recovery does, what was under way before is over. */
export async function settle(): Promise<void> {
  const seat = { apiKey: "key", apiSecret: "a-secret-of-32-characters-or-more-x", room: "r", identity: "agent-r" };
  for (let round = 0; round < 8; round++) {
    await readFile(import.meta.filename);
    await mintAgentToken(seat);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface BossOptions {
  cap?: number | null;
  summary?: AgentSummary;
  shards?: number;
  cores?: number;
  backend?: Partial<Backend>;
  withoutLiveKit?: boolean;
  /** Its shards are not ready yet. */
  warming?: boolean;
}

/** A supervisor over shards that only note what they are sent. */
export function setUp({
  cap = null,
  summary = agent,
  shards = 2,
  cores = 2,
  backend,
  withoutLiveKit,
  warming = false,
}: BossOptions = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-calls-"));
  folders.push(dataDir);
  const clock = manualClock();
  const sent: { shardId: number; message: ToShard }[] = [];
  const statuses: string[] = [];
  const reports: { load: number; jobs: number }[] = [];
  const askedAgain: string[] = [];
  const retired: number[] = [];
  const fitted: number[] = [];
  let lineDrained = false;
  const member = (shardId: number, alone = false): PooledShard => ({
    shardId,
    pid: undefined,
    state: alone ? "starting" : "ready",
    beat: null,
    alone,
    outgoing: false,
  });
  const members: PooledShard[] = Array.from({ length: shards }, (_, index) => member(index + 1));
  const pool: ShardPool = {
    start: async () => summary,
    shards: members,
    crashLooping: false,
    send: (shardId, message) => sent.push({ shardId, message }),
    fit: (calls) => void fitted.push(calls),
    startAlone() {
      members.push(member(100 + members.length, true));
      return members.at(-1)!.shardId;
    },
    retire: (shardId) => void retired.push(shardId),
    close: async () => {},
  };
  const there = { url: "ws://here", apiKey: "key", apiSecret: "a-secret-of-32-characters-or-more-x" };
  const livekit = withoutLiveKit ? null : there;
  const config = { maxConcurrentJobs: cap, livekit, dataDir, filesKeys: [] as readonly string[] } as WorkerConfig;
  let room = true;
  const fillDisk = () => {
    room = false;
  };
  const server: Backend = {
    claim: async () => ({ granted: true, epoch: 0, owner: null }),
    callContext: async () => null,
    readLog: async () => [],
    agentVersion: async () => null,
    shipped: async () => true,
    handOver: async () => ({ accepted: true, reason: "" }),
    transfer: async () => ({ ok: false, reason: "agent-not-found" }),
    unserved: () => {},
    measured: () => true,
    beat: () => {},
    interim: () => {},
    ...backend,
  };
  const boss = createSupervisor({
    config,
    callsDir: dataDir,
    pool,
    clock,
    log: createLog("test", "silent"),
    cores,
    ownCpuMs: () => 0,
    hasRoom: () => room,
    backend: () => (backend ? server : null),
  });
  boss.named(summary);
  if (!warming) boss.warm();
  boss.sink.registered();
  boss.serve({
    endJob: (jobId, outcome, error) => statuses.push(`${jobId} ${outcome}${error ? `: ${error}` : ""}`),
    load: (load, jobs) => reports.push({ load, jobs }),
    askAgain: async ({ jobId }) => void askedAgain.push(jobId),
    drain: () => {
      lineDrained = true;
    },
    close: async () => {},
  });
  const take = async (n: number, metadata?: object) => {
    const answer = await boss.sink.offered(offer(n, metadata));
    if (answer.accept) boss.sink.assigned(assignment(n, metadata));
    return answer.accept;
  };
  /** What shards were told to run, in order. */
  const runs = (): (CallAssignment & { shardId: number })[] =>
    sent.flatMap(({ shardId, message }) => (message.type === "run" ? [{ ...message.call, shardId }] : []));
  /** As the pool does: first it is no member any more, then it is told of. */
  const kill = (shardId: number, stoodStill = false): void => {
    members.splice(
      members.findIndex((each) => each.shardId === shardId),
      1,
    );
    boss.shardGone(shardId, { how: "killed by SIGKILL", stoodStill });
  };
  return {
    boss,
    kill,
    clock,
    callsDir: dataDir,
    sent,
    statuses,
    reports,
    askedAgain,
    retired,
    fitted,
    members,
    pool,
    take,
    runs,
    fillDisk,
    lineDrained: () => lineDrained,
  };
}
