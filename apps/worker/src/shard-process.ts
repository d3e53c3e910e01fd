import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
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

export type ForkShard = (onMessage: (message: FromShard) => void) => ShardProcess;

/** The entry has this file's own extension: TypeScript in the repository, JavaScript in the published package. */
const ENTRY = fileURLToPath(new URL(`./shard/main${extname(import.meta.filename)}`, import.meta.url));

interface Started {
  child: ChildProcess;
  gone: Promise<string>;
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

/** Starts a process that runs calls. What it prints goes to standard error, with the supervisor's own log. */
export const forkShard: ForkShard = (onMessage) => {
  const { child, gone } = ahead ?? start();
  ahead = null;
  child.on("message", (message) => onMessage(message as FromShard));
  return {
    pid: child.pid,
    send(message) {
      if (child.connected) child.send(message, () => {});
    },
    kill: () => child.kill("SIGKILL"),
    gone,
  };
};

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
  return { child, gone };
}
