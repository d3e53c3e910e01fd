import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.js", import.meta.url));

/** A `parley` program in a process of its own, as a person or an outside tool runs it. */
export interface ParleyProcess {
  readonly pid: number;
  readonly stdout: string[];
  readonly stderr: string[];
  /** Resolves with the first line of standard output that begins so. Rejects when the process ends before. */
  line(beginning: string): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Types a line. */
  type(text: string): void;
  /** The end of what is typed. */
  hangUp(): void;
  /** Its exit code; null when it was killed. */
  readonly exit: Promise<number | null>;
}

export function parley(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): ParleyProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const stdout: string[] = [];
  const stderr: string[] = [];
  const waiting = new Set<() => void>();
  const collect = (stream: NodeJS.ReadableStream, lines: string[]): void => {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      for (const look of [...waiting]) look();
    });
  };
  collect(child.stdout, stdout);
  collect(child.stderr, stderr);
  const exit = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  return {
    pid: child.pid ?? 0,
    stdout,
    stderr,
    line(beginning) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const found = stdout.find((line) => line.startsWith(beginning));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        void exit.then((code) =>
          reject(new Error(`exited with ${code} before "${beginning}":\n${[...stdout, ...stderr].join("\n")}`)),
        );
      });
    },
    signal: (signal) => void child.kill(signal),
    type: (text) => void child.stdin.write(`${text}\n`),
    hangUp: () => void child.stdin.end(),
    exit,
  };
}
