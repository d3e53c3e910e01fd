import { spawn } from "node:child_process";

export interface RunResult {
  ok: boolean;
  /** The end of what it printed, or why it did not run. */
  output: string;
}

const OUTPUT_LIMIT = 4000;

/** Runs a program to its end, at most `timeoutMs`; never throws. */
export function run(
  command: string,
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<RunResult> {
  return new Promise((resolve) => {
    let output = "";
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString("utf8")).slice(-OUTPUT_LIMIT);
    };
    const child = spawn(command, args, {
      env: options.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeoutMs,
      killSignal: "SIGKILL",
      ...(options.signal ? { signal: options.signal } : {}),
    });
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", (error) => resolve({ ok: false, output: error.message }));
    child.once("close", (code, signal) => {
      const timedOut = signal === "SIGKILL" && child.killed;
      const end = timedOut ? `gave up after ${options.timeoutMs} ms. ${output}` : output;
      resolve({ ok: code === 0, output: end.trim() || `exit code ${code ?? signal}` });
    });
  });
}
