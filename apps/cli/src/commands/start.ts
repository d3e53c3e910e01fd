import type { Command, ExitCode } from "../command.ts";
import type { Out } from "../run.ts";
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
  const { readStartConfig } = await import("../start/config.ts");
  const config = readStartConfig(process.env);
  const [{ createLog }, { createStack }, { demoAgent }, { prepareDemo }] = await Promise.all([
    import("@parley/worker/log"),
    import("../start/stack.ts"),
    import("../start/demo.ts"),
    import("../start/prepare-demo.ts"),
  ]);
  const { readWorkerConfig } = await import("@parley/worker");
  const files = agentFiles.length > 0 ? agentFiles.map((file) => typedPath(file)) : [demoAgent()];
  const signals = stopSignals();
  const stopped = new AbortController();
  void signals.first.then(() => stopped.abort());
  // Wrong settings of a later part stop the start before anything is up.
  const settings = readWorkerConfig(files[0] ?? "", { ...process.env, ...placeholders });
  const log = createLog("parley", settings.logLevel);
  if (agentFiles.length === 0) await prepareDemo(config, out, stopped.signal);

  const stack = createStack({ config, agentFiles: files, watch, env: process.env, log });
  let fault: unknown;
  try {
    const ready = await Promise.race([stack.start(), stack.died.then((error) => Promise.reject(error)), signals.first]);
    if (!stopped.signal.aborted) {
      out.print(`Parley is ready at ${ready}`);
      fault = await Promise.race([stack.died, signals.first.then(() => undefined)]);
    }
  } catch (error) {
    fault = error;
  }
  if (fault !== undefined) await stack.close(0).catch((error: Error) => log.error(error.message));
  else await Promise.race([stack.close(settings.drainMs ?? DRAIN_MS), signals.again]);
  signals.close();
  if (fault !== undefined) throw fault;
  return 0;
}

/** What the stack itself gives its worker. */
const placeholders = {
  LIVEKIT_URL: "ws://127.0.0.1:1",
  LIVEKIT_API_KEY: "given",
  LIVEKIT_API_SECRET: "given",
  BACKEND_URL: "http://127.0.0.1:1",
  PARLEY_WORKER_KEY: "given",
};
