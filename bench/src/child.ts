import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import path from "node:path";
import { now, until } from "./time.ts";

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Waits until its output matches; throws with the end of it when it ends or takes longer. */
  printed(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>;
  ended(): boolean;
  /** Its whole process group. Idempotent. */
  kill(): void;
}

export interface ChildOptions {
  args: string[];
  env: NodeJS.ProcessEnv;
  logPath: string;
  /** With a message channel to us. */
  ipc?: boolean;
  /** It stands for something that is not on this machine, and has the CPU first: as far as we are allowed to. */
  isOutside?: boolean;
}

const OUTSIDE_PRIORITY = -10;

const children = new Set<Child>();

/** Starts a Node program in a process group of its own; what it prints goes to `logPath`. */
export function startNode(options: ChildOptions): Child {
  return startProgram(process.execPath, options);
}

/** The same for any program. */
export function startProgram(
  command: string,
  { args, env, logPath, ipc = false, isOutside = false }: ChildOptions,
): Child {
  const log = openSync(logPath, "w");
  const stdio: StdioOptions = ["ignore", log, log, ...(ipc ? (["ipc"] as const) : [])];
  const process = spawn(command, args, { env, stdio, detached: true });
  closeSync(log); // the child has its own
  process.on("error", () => {}); // what could not be started has no pid; a lost message shows in the result
  const pid = process.pid;
  const line = [path.basename(command), ...args].join(" ");
  if (pid === undefined) throw new Error(`could not start ${line}`);
  // At once: threads have the priority of the one that starts them.
  if (isOutside) prefer(pid);
  const ended = () => process.exitCode !== null || process.signalCode !== null;
  const child: Child = {
    process,
    pid,
    ended,
    async printed(pattern, timeoutMs) {
      const output = () => readFileSync(logPath, "utf8");
      await until(() => pattern.test(output()) || ended(), now() + timeoutMs, 5);
      const found = pattern.exec(output());
      if (found !== null) return found;
      throw new Error(`${line} never printed ${pattern}. Its output:\n${output().slice(-2000)}`);
    },
    kill() {
      children.delete(child);
      try {
        globalThis.process.kill(-pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
    },
  };
  children.add(child);
  return child;
}

/** Linux gives every session (`detached`) a group of its own by default, and among groups only the group's niceness counts. */
function prefer(pid: number): void {
  try {
    setPriority(pid, OUTSIDE_PRIORITY);
    writeFileSync(`/proc/${pid}/autogroup`, String(OUTSIDE_PRIORITY));
  } catch {
    // Only root may, and not every kernel groups; the report says how often a caller was late.
  }
}

/** Processes that somebody else started for the benchmark. */
const others = new Set<number>();

/** Ended with the benchmark, like its own children; gives what takes that back. */
export function killAtExit(pid: number): () => void {
  others.add(pid);
  return () => others.delete(pid);
}

/** Whatever happens to the benchmark, nothing of it stays behind. */
export function killChildrenAtExit(): void {
  process.on("exit", () => {
    for (const child of children) child.kill();
    for (const pid of others) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
    }
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
}
