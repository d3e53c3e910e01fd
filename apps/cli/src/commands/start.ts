import type { Command, ExitCode } from "../command.ts";
import type { Out } from "../run.ts";
import type { Stack } from "../start/stack.ts";
import { stopSignals } from "../stop-signals.ts";
import { typedPath } from "../typed-path.ts";

/** How long calls may go on after a stop when PARLEY_DRAIN_MS says nothing: this runs beside a person. */
const DRAIN_MS = 3_000;

const details = [
  "Without LIVEKIT_URL a LiveKit server is started beside, without DATABASE_URL a Postgres; everything embedded lives",
  "in one folder, PARLEY_DATA (./.parley). PARLEY_PORT (8080) is the page's port, PARLEY_LIVEKIT_PORT (7880) LiveKit's.",
  "With NODE_ENV=production nothing is embedded: LIVEKIT_* and DATABASE_URL must name yours.",
  "Without agent files the demo runs: a receptionist that needs no key.",
].join("\n");

/** `parley start`: everything in one go. */
export function startCommand(out: Out): Command {
  return {
    name: "start",
    says: "Run everything: LiveKit, database, server, page and agents",
    takes: "[agent.ts ...]",
    positionals: { least: 0, most: 32 },
    flags: {},
    details,
    run: ({ positionals }) => runStack(positionals, false, out),
  };
}

/** `parley dev`: the same, and an agent whose file changes is started again. */
export function devCommand(out: Out): Command {
  return {
    ...startCommand(out),
    name: "dev",
    says: "Run everything, and start an agent again when its file changes",
    run: ({ positionals }) => runStack(positionals, true, out),
  };
}

async function runStack(agentFiles: readonly string[], watch: boolean, out: Out): Promise<ExitCode> {
  const signals = stopSignals();
  const stopped = new AbortController();
  void signals.first.then(() => stopped.abort());
  // Wrong settings of any part stop the start before anything heavy is loaded, or up.
  const [{ readStartConfig, withPorts }, { readWorkerConfig }] = await Promise.all([
    import("../start/config.ts"),
    import("@parley/worker/config"),
  ]);
  const config = await withPorts(readStartConfig(process.env));
  const { drainMs, logLevel } = readWorkerConfig("", { ...process.env, ...placeholders });
  const [{ createLog }, { createStack }, { demoAgent }] = await Promise.all([
    import("@parley/worker/log"),
    import("../start/stack.ts"),
    import("../start/brought-along.ts"),
  ]);
  const files = agentFiles.length > 0 ? agentFiles.map((file) => typedPath(file)) : [demoAgent()];
  const log = createLog("parley", logLevel);
  if (agentFiles.length === 0 && !config.server.production) {
    const { ensureLocalSpeech } = await import("../start/local-speech.ts");
    await ensureLocalSpeech(out, stopped.signal);
  }

  const stack = createStack({ config, agentFiles: files, watch, env: process.env, log });
  const fault = await untilStopped(stack, signals.first, out);
  if (fault === null) await Promise.race([stack.close(drainMs ?? DRAIN_MS), signals.again]);
  else await stack.close(0).catch((error: Error) => log.error(error.message));
  signals.close();
  if (fault !== null) throw fault;
  return 0;
}

/** Runs the stack; null when somebody stopped it, else what ended it. */
async function untilStopped(stack: Stack, stopped: Promise<unknown>, out: Out): Promise<Error | null> {
  const started = stack.start();
  started.catch(() => {});
  try {
    const first = await Promise.race([started, stack.died, stopped.then(() => null)]);
    if (first === null || first instanceof Error) return first;
    out.print(`Parley is ready at ${first}`);
    return await Promise.race([stack.died, stopped.then(() => null)]);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** What the stack itself gives its worker. */
const placeholders = {
  LIVEKIT_URL: "ws://127.0.0.1:1",
  LIVEKIT_API_KEY: "given",
  LIVEKIT_API_SECRET: "given",
  BACKEND_URL: "http://127.0.0.1:1",
  PARLEY_WORKER_KEY: "given",
};
