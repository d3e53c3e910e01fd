import { asParleyError } from "@parley/engine";
import type { Log } from "../log.ts";
import type { CallAssignment, FromShard } from "../messages.ts";
import { callScope } from "./stray.ts";

/** What the shard needs of a call; the engine's Call fits. */
export interface RunningCall {
  /** Resolves when joined. A call that cannot start closes itself and rejects. */
  start(): Promise<void>;
  readonly done: Promise<{ reason: string }>;
  close(reason: string): unknown;
}

export interface CallsOptions {
  /** Makes a call ready to start: transport, log file, rules. May throw. */
  open(assignment: CallAssignment, log: Log): RunningCall;
  tell(message: FromShard): void;
  log: Log;
}

/** The calls of one shard. Whatever one of them throws ends that call alone. */
export interface Calls {
  run(assignment: CallAssignment): Promise<void>;
  end(jobId: string, reason: string): void;
  /** Ends all; resolves when the last is over. */
  endAll(reason: string): Promise<void>;
  readonly count: number;
}

export function createCalls({ open, tell, log }: CallsOptions): Calls {
  const running = new Map<string, { call: RunningCall | null; over: Promise<void> }>();

  async function live(assignment: CallAssignment): Promise<void> {
    const { jobId, callId } = assignment;
    const callLog = log.child({ callId });
    let reason = "failed";
    let error: string | null = null;
    try {
      const call = open(assignment, callLog);
      const entry = running.get(jobId);
      if (entry) entry.call = call;
      await call.start();
      ({ reason } = await call.done);
    } catch (thrown) {
      error = asParleyError(thrown, { code: "call-failed", category: "internal" }).message;
      callLog.error({ jobId, err: thrown }, "call failed");
    } finally {
      running.delete(jobId);
      tell({ type: "call-ended", jobId, reason, error });
    }
  }

  function end(jobId: string, reason: string): void {
    try {
      running.get(jobId)?.call?.close(reason);
    } catch (error) {
      log.error({ jobId, err: error }, "a call could not be closed");
    }
  }

  return {
    run(assignment) {
      const { jobId, callId } = assignment;
      const entry = { call: null, over: Promise.resolve() };
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
