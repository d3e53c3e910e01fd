import { readWorkerConfig, startWorker, type Worker, type WorkerParts } from "@parley/worker";
import type { Log } from "@parley/worker/log";
import { watchAgent } from "./watch.ts";

/** In development a changed agent should be there soon; calls of the old one get this long. */
const RESTART_DRAIN_MS = 1_000;

/** The worker of one agent file, started again when the file changes if that is wanted. */
export interface AgentWorker {
  drain(boundMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface AgentWorkerOptions {
  /** Null: of stored agents, which may name the tools of these files. */
  agentFile: string | null;
  toolFiles?: readonly string[];
  env: NodeJS.ProcessEnv;
  parts: WorkerParts;
  watch: boolean;
  log: Log;
}

export async function openAgentWorker(options: AgentWorkerOptions): Promise<AgentWorker> {
  const { agentFile, toolFiles = [], env, parts, log } = options;
  const config = readWorkerConfig(agentFile, env, toolFiles);
  let worker: Worker | null = await startWorker(config, parts);
  let closed = false;
  let turn = Promise.resolve();

  async function restart(file: string): Promise<void> {
    if (closed) return;
    log.info({ file }, "the agent changed; its worker starts again");
    await worker?.drain(RESTART_DRAIN_MS);
    worker = null;
    try {
      worker = await startWorker(config, { ...parts, announce: () => {} });
      log.info({ agent: worker.agentName }, "the changed agent is registered");
    } catch (error) {
      log.error(`${(error as Error).message}\nThe agent is not running; correct the file and it starts again.`);
    }
    if (closed) await worker?.close();
  }

  const watched = agentFile ?? toolFiles[0];
  const stopWatching =
    options.watch && watched !== undefined
      ? watchAgent(watched, (file) => {
          turn = turn.then(() => restart(file));
        })
      : () => {};

  return {
    async drain(boundMs) {
      closed = true;
      stopWatching();
      await turn;
      await worker?.drain(boundMs);
    },
    async close() {
      closed = true;
      stopWatching();
      await worker?.close();
    },
  };
}
