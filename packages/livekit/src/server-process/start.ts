import { ParleyError } from "@parley/engine";
import type { Log } from "../log.ts";
import { findLiveKitServer, type LiveKitBinary } from "./binary/find.ts";
import { type ServerSettings, settingsFingerprint } from "./config.ts";
import { endProcess } from "./end-process.ts";
import { launch, logTail } from "./launch.ts";
import { settleOrphan } from "./orphan.ts";
import { choosePorts } from "./ports.ts";
import { processStart } from "./process-identity.ts";
import { becomesHealthy } from "./ready.ts";
import { removeRecord, type ServerRecord, writeRecord } from "./record.ts";

export interface LiveKitServerOptions {
  /** Where its config, log and pid file live; one server per folder. */
  dataDir: string;
  apiKey: string;
  /** At least 32 characters: the server refuses less. */
  apiSecret: string;
  log: Log;
  /** Default 7880; 0 takes any free one. */
  port?: number;
  /** Media. Default: two above `port`, or any free one when that is taken. */
  udpPort?: number;
  /** The name of the setting behind `port`, for the message when it is taken. Default `port`. */
  portSetting?: string;
  /** LiveKit's events are posted here, signed with the key. */
  webhookUrls?: readonly string[];
  /** `host:port`. Only SIP and clusters need it. */
  redisAddress?: string;
  /** Default 60 s. */
  emptyTimeoutS?: number;
  /** Default 30 s; keep it above the time in which a caller may come back. */
  departureTimeoutS?: number;
  /** Default: findLiveKitServer. */
  binary?: LiveKitBinary;
  /** Default process.env. */
  env?: NodeJS.ProcessEnv;
  /** Called once when the server ends without `stop` having been called. */
  onExit?: (reason: string) => void;
  signal?: AbortSignal;
}

export interface LiveKitServerProcess {
  /** `ws://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly udpPort: number;
  readonly pid: number;
  /** True when it is a server that an earlier start left running. */
  readonly adopted: boolean;
  /** Ends the server: SIGTERM, again after 0.2 s, SIGKILL after 4 s. Idempotent. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const WATCH_MS = 500;

/**
 * Starts a livekit-server on loopback (or adopts the one that a killed start left behind) and resolves when it takes
 * rooms. Throws ParleyError: `livekit-server-missing`, `livekit-port-in-use`, `livekit-data-in-use`,
 * `livekit-secret-too-short`, `livekit-start-failed`.
 */
export async function startLiveKitServer(options: LiveKitServerOptions): Promise<LiveKitServerProcess> {
  const { dataDir, log, env = process.env, port = 7880 } = options;
  const settings: ServerSettings = {
    apiKey: options.apiKey,
    apiSecret: options.apiSecret,
    webhookUrls: options.webhookUrls ?? [],
    redisAddress: options.redisAddress ?? null,
    emptyTimeoutS: options.emptyTimeoutS ?? 60,
    departureTimeoutS: options.departureTimeoutS ?? 30,
  };
  if (settings.apiSecret.length < 32) {
    throw new ParleyError(
      `LIVEKIT_API_SECRET has ${settings.apiSecret.length} characters; livekit-server needs at least 32. Make it longer.`,
      { code: "livekit-secret-too-short", category: "configuration" },
    );
  }
  const fingerprint = settingsFingerprint(settings);
  const adopted = await settleOrphan(dataDir, fingerprint, port, log);
  const owner = ownIdentity();
  if (adopted) {
    const record = { ...adopted, owner };
    writeRecord(dataDir, record);
    return supervise(options, record, true);
  }
  const binary = options.binary ?? (await findLiveKitServer({ env, log, signal: options.signal }));
  const ports = await choosePorts({ port, udpPort: options.udpPort, portSetting: options.portSetting ?? "`port`" });
  const { child, container, logPath } = await launch(binary, dataDir, settings, ports, env);
  const pid = child.pid!;
  const start = processStart(pid);
  const gone = () => child.exitCode !== null || child.signalCode !== null || options.signal?.aborted === true;
  const record = start === null ? null : { server: { pid, start }, owner, ...ports, fingerprint, container };
  // Written before it is healthy: a start that is killed meanwhile leaves no unknown server behind.
  if (record) writeRecord(dataDir, record);
  if (record && (await becomesHealthy(ports.port, START_TIMEOUT_MS, gone))) {
    child.unref();
    log.info({ pid, port: ports.port }, "LiveKit server is up");
    return supervise(options, record, false);
  }
  if (record) await endProcess(pid, record.server.start);
  removeRecord(dataDir);
  options.signal?.throwIfAborted();
  throw new ParleyError(
    `livekit-server did not come up on port ${ports.port}. The end of its log (${logPath}):\n${logTail(logPath)}`,
    { code: "livekit-start-failed", category: "configuration" },
  );
}

function ownIdentity() {
  return { pid: process.pid, start: processStart(process.pid) ?? "" };
}

/** Watches by pid, so that an adopted server, which is no child of ours, is watched the same way. */
function supervise(options: LiveKitServerOptions, record: ServerRecord, adopted: boolean): LiveKitServerProcess {
  const { pid, start } = record.server;
  let stopping: Promise<void> | undefined;
  const watch = setInterval(() => {
    if (processStart(pid) === start) return;
    clearInterval(watch);
    removeRecord(options.dataDir);
    options.log.error({ pid, port: record.port }, "the LiveKit server ended by itself");
    options.onExit?.(`the LiveKit server (pid ${pid}) ended by itself`);
  }, WATCH_MS);
  watch.unref();
  return {
    url: `ws://127.0.0.1:${record.port}`,
    port: record.port,
    udpPort: record.udpPort,
    pid,
    adopted,
    stop() {
      stopping ??= (async () => {
        clearInterval(watch);
        await endProcess(pid, start);
        removeRecord(options.dataDir);
      })();
      return stopping;
    },
  };
}
