import { setFlagsFromString } from "node:v8";
import type { Worker } from "@parley/worker";
import type { Command, ExitCode } from "../command.ts";
import { stopSignals } from "../stop-signals.ts";
import { typedPath } from "../typed-path.ts";
import { UsageError } from "../usage-error.ts";

/** A deployment's patience, and a person's at a terminal, when PARLEY_DRAIN_MS says nothing. */
const DRAIN_MS = { SIGTERM: 600_000, SIGINT: 30_000 };

/** `parley worker`: registers an agent with LiveKit and runs its calls until it is told to stop. */
export function workerCommand(): Command {
  return {
    name: "worker",
    says: "Register an agent with LiveKit and run its calls",
    takes: "<agent.ts> | --stored [tools.ts …]",
    positionals: { least: 0, most: 16 },
    flags: { stored: { type: "boolean", says: "Run the agents made by POST /api/agents; the files offer them tools" } },
    details: [
      "Needs LIVEKIT_URL (or LIVEKIT_SERVER_URL), LIVEKIT_API_KEY, LIVEKIT_API_SECRET; or, to join a single room, LIVEKIT_TOKEN.",
      "LIVEKIT_ENABLED=false: without LiveKit it takes the calls without a room that the server at BACKEND_URL has for it.",
      "BACKEND_URL and PARLEY_WORKER_KEY: the Parley server that takes the calls' logs; without them they stay in",
      "PARLEY_DATA/calls, up to PARLEY_CALLS_MAX_MB. MAX_CONCURRENT_JOBS: most calls at once; unset, load decides.",
      "PARLEY_WORKER_PORT (8081, or any free one): /healthz and /readyz. PARLEY_SHARDS: processes, by default one per core.",
      "SIGTERM: no new calls, running ones finish within PARLEY_DRAIN_MS (10 minutes); a second signal ends at once.",
    ].join("\n"),
    async run({ positionals, has }): Promise<ExitCode> {
      const [agentFile] = positionals;
      const isStored = has("stored");
      if (!isStored && (agentFile === undefined || positionals.length > 1))
        throw new UsageError("parley worker takes one agent file, or --stored.", "worker");
      // The first shard's process loads what it needs while this one reads its settings and loads the rest.
      const { bootAhead, forkAhead } = await import("@parley/worker/shard-process");
      forkAhead();
      // A supervisor makes little garbage: what V8 would lay by for it is a fifth of the process (docs/decisions/014).
      setFlagsFromString("--semi-space-growth-factor=1");
      const { readWorkerConfig } = await import("@parley/worker/config");
      const config = isStored
        ? readWorkerConfig(
            null,
            process.env,
            positionals.map((file) => typedPath(file)),
          )
        : readWorkerConfig(typedPath(agentFile ?? ""), process.env);
      bootAhead(config);
      const { startWorker } = await import("@parley/worker");
      const signals = stopSignals();
      // A stop while it is still starting gives the start up.
      const starting = new AbortController();
      void signals.first.then(() => starting.abort());
      let worker: Worker;
      try {
        worker = await startWorker(config, { signal: starting.signal });
      } catch (error) {
        if (starting.signal.aborted) return 0;
        throw error;
      }
      const signal = await signals.first;
      const drained = worker.drain(config.drainMs ?? (signal === "SIGTERM" ? DRAIN_MS.SIGTERM : DRAIN_MS.SIGINT));
      await Promise.race([drained, signals.again.then(() => worker.close())]);
      signals.close();
      return 0;
    },
  };
}
