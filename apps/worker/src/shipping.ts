import type { Backend, OrderResult, OwnedCall, ServerOrder } from "./backend.ts";
import type { WorkerConfig } from "./config.ts";
import { lineSealOf } from "./line-seal.ts";
import type { Log } from "./log.ts";

/** After the last call has ended: how long the rest of the logs may take to reach the server. */
const FLUSH_MS = 5_000;

/** Where the calls' files go. */
export interface Shipping {
  /** False: they fill their share of the disk, and new calls must be refused. */
  hasRoom(): boolean;
  /** Null: there is no server. */
  readonly backend: Backend | null;
  /** Waits a little for what is still on its way. Idempotent; what did not arrive is sent by the next worker. */
  close(): Promise<void>;
}

export interface ShippingOptions {
  config: WorkerConfig;
  callsDir: string;
  log: Log;
  /** The dispatch name of what runs here. */
  agent: string;
  /** Of code, for stored agents. */
  tools: readonly string[];
  runningCalls(): OwnedCall[];
  isDraining(): boolean;
  /** There is room for a new call. */
  isOpen(): boolean;
  /** A newer epoch owns this call: it must end here, at once. */
  onStale(callId: string): void;
  ordered(order: ServerOrder): Promise<OrderResult>;
}

/** To the server when one is named, else they stay in the folder under a cap. */
export async function openShipping({ config, callsDir, log, ...calls }: ShippingOptions): Promise<Shipping> {
  const capMiB = config.callsMaxMb;
  const { open: openLine } = await lineSealOf(config.filesKeys);
  if (!config.backend) {
    log.info(
      { dir: callsDir, capMiB },
      `no BACKEND_URL: call logs stay in ${callsDir}; beyond ${capMiB} MB (PARLEY_CALLS_MAX_MB) the oldest finished ones are removed`,
    );
    const { keepCallFiles } = await import("@parley/uplink/keep");
    const kept = keepCallFiles({ dir: callsDir, capMiB, openLine, log });
    return { hasRoom: () => kept.hasRoom(), backend: null, close: async () => kept.close() };
  }
  const { url, key } = config.backend;
  const { openUplink } = await import("@parley/uplink");
  const uplink = await openUplink({
    url,
    key,
    dir: callsDir,
    capMiB,
    openLine,
    connectMs: config.connectionTimeoutMs,
    confirmMs: config.requestTimeoutMs,
    log,
    agent: calls.agent,
    tools: calls.tools,
    runningCalls: calls.runningCalls,
    draining: calls.isDraining,
    open: calls.isOpen,
    onStale: ({ callId }) => calls.onStale(callId),
    onCommand: calls.ordered,
  });
  log.info({ backend: url }, "call logs are shipped to the server");
  return {
    hasRoom: () => uplink.hasRoom(),
    backend: uplink,
    async close() {
      const drained = await uplink.drained(FLUSH_MS);
      if (!drained)
        log.warn({ ...uplink.status() }, "not all call logs are with the server; the next worker sends the rest");
      await uplink.close();
    },
  };
}
