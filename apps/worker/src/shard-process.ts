import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { WorkerConfig } from "./config.ts";
import type { FromShard, ToShard } from "./messages.ts";

export interface ShardProcess {
  readonly pid: number | undefined;
  /** Messages to a shard that is gone are dropped: `gone` tells of it. */
  send(message: ToShard): void;
  /** Ends it at once. */
  kill(): void;
  /** How it ended, in words. */
  readonly gone: Promise<string>;
}

/** Starts a process and boots it. */
export type ForkShard = (boot: ShardBoot, onMessage: (message: FromShard) => void) => ShardProcess;

export interface ShardBoot {
  shardId: number;
  config: WorkerConfig;
}

/** Of the shard that is started ahead; later ones count from there. */
export const FIRST_SHARD = 1;

/** The entry has this file's own extension: TypeScript in the repository, JavaScript in the published package. */
const ENTRY = fileURLToPath(new URL(`./shard/main${extname(import.meta.filename)}`, import.meta.url));

interface Started {
  child: ChildProcess;
  gone: Promise<string>;
  isBooted: boolean;
  /** What it says goes there, and what it has said until now. */
  hear(onMessage: (message: FromShard) => void): void;
}

/** Started, and waiting for somebody who wants a shard. */
let ahead: Started | null = null;

/**
 * Starts the process of the next shard now: until it is told what to run, it loads what every shard needs. It ends with
 * this process when nobody wants it. Idempotent.
 */
export function forkAhead(): void {
  ahead ??= start();
}

/**
 * Boots what was started ahead: with its settings it finds its agent while this process loads what remains. The worker
 * is started with the same settings afterwards.
 */
export function bootAhead(config: WorkerConfig): void {
  if (ahead) boot(ahead, { shardId: FIRST_SHARD, config });
}

/** What it prints goes to standard error, with the supervisor's own log. */
export const forkShard: ForkShard = (wanted, onMessage) => {
  const started = ahead ?? start();
  ahead = null;
  started.hear(onMessage);
  if (!started.isBooted) boot(started, wanted);
  const { child, gone } = started;
  return { pid: child.pid, send: (message) => tell(child, message), kill: () => child.kill("SIGKILL"), gone };
};

function boot(started: Started, { shardId, config }: ShardBoot): void {
  started.isBooted = true;
  tell(started.child, { type: "boot", shardId, config });
}

function tell(child: ChildProcess, message: ToShard): void {
  if (child.connected) child.send(message, () => {});
}

/**
 * Of each half of V8's young generation. Left to itself it grows until V8 takes the old one for nearly full, and from then
 * on, under twenty calls, all of the heap is marked once a second (docs/decisions/031).
 */
const YOUNG_MIB = 4;

function start(): Started {
  const child = fork(ENTRY, [], {
    // Standard error is a log: what Node thinks of its own modules is not in it.
    execArgv: ["--disable-warning=ExperimentalWarning", `--max-semi-space-size=${YOUNG_MIB}`],
    serialization: "json",
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const gone = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ? `killed by ${signal}` : `exited with ${code}`));
    child.once("error", (error) => resolve(`failed: ${error.message}`));
  });
  const early: FromShard[] = [];
  let hear = (message: FromShard): void => void early.push(message);
  child.on("message", (message) => hear(message as FromShard));
  return {
    child,
    gone,
    isBooted: false,
    // Not at once: who asks for the process has it in hand first. What it says next comes later than that.
    hear: (onMessage) =>
      queueMicrotask(() => {
        hear = onMessage;
        for (const message of early.splice(0)) onMessage(message);
      }),
  };
}
