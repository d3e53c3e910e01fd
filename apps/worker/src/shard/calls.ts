import { asParleyError } from "@parley/engine";
import type { Log } from "../log.ts";
import type { CallAssignment, FromShard } from "../messages.ts";
import { callScope } from "./stray.ts";

/** What the shard needs of a call; the engine's Call fits. */
export interface RunningCall {
  start(): Promise<void>;
  readonly done: Promise<{ reason: string }>;
  close(reason: string): unknown;
}

export interface CallsOptions {
  /** Makes a call ready to start: transport, log file, rules. May throw. */
  open(assignment: CallAssignment, log: Log): RunningCall;
  tell(message: FromShard): void;
  log: Log;
  /** Joins at once: many Rooms that connect together slow each other and every call here (docs/lifecycle). */
  joinsAtOnce: number;
}

/** The calls of one shard. Whatever one of them throws ends that call alone. */
export interface Calls {
  run(assignment: CallAssignment): Promise<void>;
  end(jobId: string, reason: string): void;
  /** Ends all; resolves when the last is over. */
  endAll(reason: string): Promise<void>;
  readonly count: number;
}

export function createCalls({ open, tell, log, joinsAtOnce }: CallsOptions): Calls {
  const running = new Map<string, { call: RunningCall | null; endReason: string | null; over: Promise<void> }>();
  const waiting: (() => void)[] = [];
  let joining = 0;

  async function throughGate<T>(join: () => Promise<T>): Promise<T> {
    if (joining >= joinsAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else joining++;
    try {
      return await join();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else joining--;
    }
  }

  async function live(assignment: CallAssignment): Promise<void> {
    const { jobId, callId } = assignment;
    const callLog = log.child({ callId });
    const entry = running.get(jobId);
    let reason = "failed";
    let error: string | null = null;
    let call: RunningCall | undefined;
    try {
      await throughGate(async () => {
        if (entry?.endReason) return;
        call = open(assignment, callLog);
        if (entry) entry.call = call;
        await call.start();
      });
      if (call) {
        // It may have been told to end while it was joining.
        if (entry?.endReason) call.close(entry.endReason);
        reason = (await call.done).reason;
      } else reason = entry?.endReason ?? "ended";
    } catch (thrown) {
      error = asParleyError(thrown, { code: "call-failed", category: "internal" }).message;
      callLog.error({ jobId, err: thrown }, "call failed");
      try {
        await call?.close("failed");
      } catch (closing) {
        callLog.error({ jobId, err: closing }, "a failed call could not be closed");
      }
    } finally {
      running.delete(jobId);
      tell({ type: "call-ended", jobId, reason, error });
    }
  }

  function end(jobId: string, reason: string): void {
    const entry = running.get(jobId);
    if (!entry) return;
    entry.endReason ??= reason;
    try {
      entry.call?.close(reason);
    } catch (error) {
      log.error({ jobId, err: error }, "a call could not be closed");
    }
  }

  return {
    run(assignment) {
      const { jobId, callId } = assignment;
      const entry = { call: null, endReason: null, over: Promise.resolve() };
      running.set(jobId, entry);
      entry.over = callScope.run({ callId }, () => live(assignment));
      return entry.over;
    },
    end,
    async endAll(reason) {
      const over = [...running.values()].map((entry) => entry.over);
      for (const jobId of running.keys()) end(jobId, reason);
      await Promise.all(over);
    },
    get count() {
      return running.size;
    },
  };
}
