import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ParleyError } from "@parley/engine";

export interface CallerProcessOptions {
  url: string;
  token: string;
  /** A WAV file that is said over and over; silence without one. */
  wavPath?: string;
  joinTimeoutMs?: number;
}

/** Published packages hold JavaScript. */
const MAIN = fileURLToPath(new URL("./caller-main.ts", import.meta.url)).replace(
  /ts$/,
  import.meta.url.endsWith(".ts") ? "ts" : "js",
);
const END_TIMEOUT_MS = 10_000;

/**
 * A caller in a process of its own, who can vanish as a phone in a tunnel does: without a goodbye, which no caller
 * inside this process can (rtc-node always says one).
 */
export class CallerProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid!;
    this.#ended = new Promise((resolve) => child.once("exit", () => resolve()));
  }

  /** Resolves when it is in the room. Throws ParleyError `caller-failed`. */
  static join(options: CallerProcessOptions): Promise<CallerProcess> {
    const { url, token, wavPath, joinTimeoutMs = 30_000 } = options;
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, PARLEY_CALLER: JSON.stringify({ url, token, wavPath }) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const caller = new CallerProcess(child);
    return new Promise((resolve, reject) => {
      const failed = (why: string) => {
        clearTimeout(timer);
        child.kill("SIGKILL");
        reject(new ParleyError(`The caller's process ${why}.`, { code: "caller-failed", category: "internal" }));
      };
      const timer = setTimeout(() => failed(`did not join within ${joinTimeoutMs} ms`), joinTimeoutMs);
      createInterface({ input: child.stdout! }).once("line", (line) => {
        if (line !== "joined") return failed(`said: ${line}`);
        clearTimeout(timer);
        resolve(caller);
      });
      child.once("error", (error) => failed(`could not be started: ${error.message}`));
      child.once("exit", (code) => failed(`ended with ${code} before it had joined`));
    });
  }

  /** Vanishes: SIGKILL. */
  async drop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Says goodbye and leaves; killed when that takes more than ten seconds. */
  async leave(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_TIMEOUT_MS);
    this.#child.kill("SIGTERM");
    await this.#ended;
    clearTimeout(timer);
  }
}
