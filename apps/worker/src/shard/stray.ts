import { AsyncLocalStorage } from "node:async_hooks";
import type { Log } from "../log.ts";

/** Whose code is running: what is thrown outside every try is logged with its call. */
export const callScope = new AsyncLocalStorage<{ callId: string }>();

const STORM_ERRORS = 200;
const STORM_MS = 10_000;

/** After these the process cannot be trusted with anybody's call. */
function isFatal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return (
    code === "ERR_WORKER_OUT_OF_MEMORY" || code === "ERR_MEMORY_ALLOCATION_FAILED" || code === "ERR_IPC_CHANNEL_CLOSED"
  );
}

/**
 * One call's stray error must not end the others: it is logged and the shard goes on, unless the error says that the
 * process itself is broken, or errors come in a storm that nobody could be served in.
 */
export function catchStrayErrors(log: Log, exit: (why: string) => void): void {
  let recent: number[] = [];
  const caught = (kind: string, error: unknown): void => {
    const callId = callScope.getStore()?.callId;
    log.error(
      { callId, kind, err: error instanceof Error ? error : new Error(String(error)) },
      "stray error in a shard",
    );
    const now = performance.now();
    recent = [...recent.filter((at) => now - at < STORM_MS), now];
    if (isFatal(error)) exit("the process is broken");
    else if (recent.length > STORM_ERRORS) exit(`more than ${STORM_ERRORS} stray errors within ${STORM_MS / 1000} s`);
  };
  process.on("uncaughtException", (error) => caught("uncaughtException", error));
  process.on("unhandledRejection", (reason) => caught("unhandledRejection", reason));
}
