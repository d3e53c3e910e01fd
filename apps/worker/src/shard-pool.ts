import type { Clock } from "@parley/engine";
import { ParleyError } from "@parley/engine/error";
import type { WorkerConfig } from "./config.ts";
import type { Log } from "./log.ts";
import type { AgentSummary, FromShard, ShardBeat, ToShard } from "./messages.ts";
import { CALLS_PER_SHARD, createRelief, type Served } from "./relief.ts";
import { createShardCount } from "./shard-count.ts";
import { FIRST_SHARD, type ForkShard, type ShardProcess } from "./shard-process.ts";
import { type LookAtProcess, lookAtProcess, whyStuck } from "./stuck.ts";

const WATCH_MS = 500;
/** A beat comes once a second. */
const LATE_MS = 1_500;
/** This process itself stood still: nobody's silence means anything. */
const SLEPT_MS = 2_000;
/** Loading models and the author's own prewarm, on a busy machine. */
const START_MS = 120_000;
/** Shards that die this often within the window are a crash loop. */
const CRASH_WINDOW_MS = 60_000;
const CRASH_LOOP_DEATHS = 3;
const LONGEST_BACKOFF_MS = 30_000;
/** Calls that go on in other shards join their rooms first: a start takes most of a second of a core. */
const RESPITE_MS = 2_500;
/** For a shard whose only call is over to go by itself. */
const RETIRE_MS = 5_000;

export type ShardMessage = Exclude<FromShard, { type: "named" | "ready" | "load-failed" | "beat" }>;

export interface PooledShard {
  readonly shardId: number;
  readonly pid: number | undefined;
  state: "starting" | "ready";
  beat: ShardBeat | null;
  /** Started for one call that may break its process; nothing else is given to it. */
  alone: boolean;
  /** It has served long and its successor is warm: it is given no call any more, and ends with its last. */
  outgoing: boolean;
}

export interface ShardPoolOptions {
  config: WorkerConfig;
  fork: ForkShard;
  clock: Clock;
  log: Log;
  onMessage(shardId: number, message: ShardMessage): void;
  /** The agent is known, before a shard is warm; each shard says so. */
  onNamed(agent: AgentSummary): void;
  /** It is warm. */
  onReady(shardId: number): void;
  /** It is gone and so are its calls; a replacement is on its way. */
  onGone(shardId: number, end: ShardEnd): void;
  /** A shard has a call, or one was promised a place on it: it is not ended for want of calls. */
  isAwaited(shardId: number): boolean;
  lookAt?: LookAtProcess;
  /** After so many a shard gives way to a fresh one, without harm to its calls. Default CALLS_PER_SHARD. */
  callsPerShard?: number;
}

export interface ShardPool {
  /** Resolves when one shard is warm; others follow. @throws ParleyError when the agent cannot be loaded. */
  start(): Promise<AgentSummary>;
  readonly shards: readonly PooledShard[];
  readonly crashLooping: boolean;
  send(shardId: number, message: ToShard): void;
  /**
   * So many calls run now, of which so many have not joined yet: as many shards as they need are started, or given back when
   * nobody has called for long.
   */
  fit(calls: number, joining: number): void;
  /** Starts one beside the others, for a single call; its id. It is not replaced, and ends by `retire`. */
  startAlone(): number;
  /** The call of one that was started alone is over. */
  retire(shardId: number): void;
  /** Asks every shard to end its calls and go; those still there after `boundMs` are ended. Idempotent. */
  close(reason: string, boundMs: number): Promise<void>;
}

/** How a shard ended. */
export interface ShardEnd {
  how: string;
  /** Its event loop stood still before; its other threads, the voices among them, went on. */
  stoodStill: boolean;
}

interface Member extends PooledShard, Served {
  state: "starting" | "ready";
  alone: boolean;
  process: ShardProcess;
  lastBeatMs: number;
  /** CPU used at the last beat, as the system counts it, ms. */
  lastCpuMs: number | null;
  /** Looks in a row, since the last beat, in which the process was running. */
  runningLooks: number;
  stoodStill: boolean;
}

/** Keeps the wanted number of warm shards alive. */
export function createShardPool(options: ShardPoolOptions): ShardPool {
  const { config, clock, log, lookAt = lookAtProcess } = options;
  const members = new Map<number, Member>();
  let lastShardId = FIRST_SHARD - 1;
  let joining = 0;
  let deaths: number[] = [];
  let closing: Promise<void> | undefined;
  /** Starts that are put off for others that go on. */
  const putOff = new Set<() => void>();
  const timers = new Set<() => void>();

  function after(delayMs: number, run: () => void): () => void {
    const cancel = clock.after(delayMs, () => {
      timers.delete(cancel);
      run();
    });
    timers.add(cancel);
    return () => {
      timers.delete(cancel);
      cancel();
    };
  }

  const cpuOf = (member: Member): number | null => {
    const seen = member.pid === undefined ? null : lookAt(member.pid);
    return seen?.cpuMs ?? null;
  };

  /** Forks one shard; resolves when it is warm, rejects when it never gets there. */
  function fork(alone = false, shardId = ++lastShardId): Promise<AgentSummary> {
    return new Promise((resolve, reject) => {
      let loadFailure: ParleyError | undefined;
      const process = options.fork({ shardId, config }, (message) => {
        const member = members.get(shardId);
        if (!member) return;
        if (message.type === "named") options.onNamed(message.agent);
        else if (message.type === "ready") {
          stopWaiting();
          member.state = "ready";
          member.lastBeatMs = clock.now();
          resolve(message.agent);
          options.onReady(shardId);
        } else if (message.type === "beat") {
          member.beat = message.beat;
          member.lastBeatMs = clock.now();
          member.lastCpuMs = cpuOf(member);
          member.runningLooks = 0;
        } else if (message.type === "load-failed") {
          const category = message.configuration ? "configuration" : "internal";
          loadFailure = new ParleyError(message.message, { code: message.code, category });
        } else {
          options.onMessage(shardId, message);
          if (message.type === "call-ended") relief.ended(member, message.jobId);
        }
      });
      const member: Member = {
        shardId,
        pid: process.pid,
        state: "starting",
        beat: null,
        alone,
        outgoing: false,
        relieved: false,
        settled: false,
        callsBegun: 0,
        jobs: new Set(),
        process,
        lastBeatMs: 0,
        lastCpuMs: null,
        runningLooks: 0,
        stoodStill: false,
      };
      members.set(shardId, member);
      const stopWaiting = after(START_MS, () => {
        log.error({ shard: shardId }, `shard was not ready after ${START_MS / 1000} s and is ended`);
        process.kill();
      });
      void process.gone.then((how) => {
        stopWaiting();
        members.delete(shardId);
        const early = `a shard ended before it was ready (${how}); what it wrote to standard error says why`;
        reject(loadFailure ?? new ParleyError(early, { code: "shard-start-failed", category: "internal" }));
        if (!closing) options.onGone(shardId, { how, stoodStill: member.stoodStill });
        if (closing) return;
        if (member.state === "ready" && !alone && !member.relieved)
          replace(`shard ${shardId} ${how}`, member.jobs.size > 0 && othersGoOn() ? RESPITE_MS : 0);
        if (!othersGoOn()) for (const start of [...putOff]) start();
      });
    });
  }

  function recentDeaths(): number {
    const since = clock.now() - CRASH_WINDOW_MS;
    deaths = deaths.filter((at) => at > since);
    return deaths.length;
  }

  const othersGoOn = (): boolean =>
    [...members.values()].some(({ state, alone, relieved }) => state === "ready" && !alone && !relieved);

  /** The first death is made good at once, or after a respite for those who take up its calls; later the pause doubles. */
  function replace(why: string, respiteMs = 0): void {
    deaths.push(clock.now());
    const recent = recentDeaths();
    const backoffMs = recent <= 1 ? 0 : Math.min(LONGEST_BACKOFF_MS, 500 * 2 ** (recent - 1));
    const delayMs = Math.max(backoffMs, respiteMs);
    const say = recent >= CRASH_LOOP_DEATHS ? "error" : "warn";
    log[say]({ deaths: recent, delayMs }, `${why}; a new shard starts in ${delayMs} ms`);
    if (respiteMs <= backoffMs) return void after(delayMs, () => void another());
    const start = (): void => {
      putOff.delete(start);
      cancel();
      void another();
    };
    const cancel = after(delayMs, start);
    putOff.add(start);
  }

  /** One more; when it does not start, it is tried again. */
  async function another(): Promise<void> {
    if (closing) return;
    try {
      await fork();
    } catch (error) {
      if (!closing) replace(`a shard did not start: ${(error as Error).message}`);
    }
  }

  function dismiss(member: Member, reason: string): void {
    member.process.send({ type: "close", reason });
    after(RETIRE_MS, () => member.process.kill());
  }

  const relief = createRelief<Member>({
    callsPerShard: options.callsPerShard ?? CALLS_PER_SHARD,
    shards: () => members.values(),
    joining: () => joining,
    awaited: options.isAwaited,
    warm: () => fork(),
    dismiss: (member) => dismiss(member, "relieved"),
    unrelieved(member) {
      if (!members.has(member.shardId)) replace(`shard ${member.shardId} ended before its successor was warm`);
    },
    after,
    closing: () => closing !== undefined,
    log,
  });

  const count = createShardCount({
    least: config.shardsAtRest,
    most: config.shards,
    grow: () => another(),
    shrink() {
      const idle = [...members.values()].filter(({ alone, relieved, jobs }) => !alone && !relieved && jobs.size === 0);
      // The freshest stays.
      const [worn] = idle.filter(({ state }) => state === "ready").sort((a, b) => b.callsBegun - a.callsBegun);
      if (worn) relief.leave(worn);
      return worn !== undefined;
    },
    after,
  });

  function watch(): void {
    let lastMs = clock.now();
    const turn = (): void => {
      const now = clock.now();
      // When this process itself stood still, nobody's silence means anything.
      const slept = now - lastMs > SLEPT_MS;
      lastMs = now;
      for (const member of members.values()) {
        if (slept) member.lastBeatMs = now;
        if (member.state !== "ready") continue;
        const silentMs = now - member.lastBeatMs;
        const seen = silentMs < LATE_MS || member.pid === undefined ? null : lookAt(member.pid);
        member.runningLooks = seen?.doing === "running" ? member.runningLooks + 1 : 0;
        const why = whyStuck({ silentMs, cpuMsBefore: member.lastCpuMs, runningLooks: member.runningLooks }, seen);
        if (why === null) continue;
        log.error({ shard: member.shardId, silentMs: Math.round(silentMs) }, `a shard ${why} and is ended`);
        member.stoodStill = why !== "is stopped";
        member.process.kill();
      }
      after(WATCH_MS, turn);
    };
    after(WATCH_MS, turn);
  }

  async function close(reason: string, boundMs: number): Promise<void> {
    for (const cancel of timers) cancel();
    timers.clear();
    const processes = [...members.values()].map((member) => member.process);
    for (const member of members.values()) {
      if (member.state === "ready") member.process.send({ type: "close", reason });
      else member.process.kill();
    }
    const stopKilling = clock.after(boundMs, () => {
      for (const process of processes) process.kill();
    });
    await Promise.all(processes.map((process) => process.gone));
    stopKilling();
  }

  return {
    async start() {
      const agent = await fork();
      for (let more = 1; more < config.shardsAtRest; more++) void another();
      watch();
      return agent;
    },
    get shards() {
      return [...members.values()];
    },
    get crashLooping() {
      return recentDeaths() >= CRASH_LOOP_DEATHS;
    },
    send(shardId, message) {
      const member = members.get(shardId);
      member?.process.send(message);
      if (member && message.type === "run") relief.began(member, message.call.jobId);
    },
    fit(calls, ofThemJoining) {
      joining = ofThemJoining;
      count.fit(calls, ofThemJoining);
    },
    startAlone() {
      const shardId = ++lastShardId;
      // What went wrong is told by onGone.
      fork(true, shardId).catch((error: Error) => log.warn({ shard: shardId, err: error }, "a shard did not start"));
      return shardId;
    },
    retire(shardId) {
      const member = members.get(shardId);
      if (member?.alone) dismiss(member, "call-over");
    },
    close(reason, boundMs) {
      closing ??= close(reason, boundMs);
      return closing;
    },
  };
}
