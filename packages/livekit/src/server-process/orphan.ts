import { ParleyError } from "@parley/engine";
import type { Log } from "../log.ts";
import { endProcess } from "./end-process.ts";
import { configPath } from "./launch.ts";
import { commandLine, processStart } from "./process-identity.ts";
import { isHealthy } from "./ready.ts";
import { readRecord, removeRecord, type ServerRecord } from "./record.ts";

/**
 * Looks for a server that an earlier, killed start left running in `dataDir`. One that is healthy and was started for
 * the same settings is handed back to be used on; any other is ended. A process is only touched when its start time is
 * the recorded one and its command line names our config file or container: a pid alone may belong to anybody by now.
 * Throws ParleyError `livekit-data-in-use` when the program that started it still runs.
 */
export async function settleOrphan(
  dataDir: string,
  fingerprint: string,
  wantedPort: number,
  log: Log,
): Promise<ServerRecord | null> {
  const record = readRecord(dataDir);
  if (record === null) return null;
  const { pid, start } = record.server;
  if (processStart(pid) !== start || !isOurs(pid, dataDir, record.container)) {
    removeRecord(dataDir);
    return null;
  }
  if (processStart(record.owner.pid) === record.owner.start) {
    throw new ParleyError(
      `${dataDir} is in use: process ${record.owner.pid} runs a LiveKit server (pid ${pid}, port ${record.port}) from it. ` +
        "End that program, or use another data folder.",
      { code: "livekit-data-in-use", category: "configuration" },
    );
  }
  const samePort = wantedPort === 0 || wantedPort === record.port;
  if (record.fingerprint === fingerprint && samePort && (await isHealthy(record.port))) {
    log.info({ pid, port: record.port }, "adopted the LiveKit server that an earlier start left running");
    return record;
  }
  log.info({ pid, port: record.port }, "ending the LiveKit server that an earlier start left running");
  await endProcess(pid, start);
  removeRecord(dataDir);
  return null;
}

function isOurs(pid: number, dataDir: string, container: string | null): boolean {
  const line = commandLine(pid);
  return container === null ? line.includes(`--config ${configPath(dataDir)}`) : line.includes(`--name ${container}`);
}
