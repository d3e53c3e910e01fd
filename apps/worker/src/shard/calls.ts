import type { CallControl, NextAgent } from "@parley/engine";
import { asParleyError } from "@parley/engine/error";
import type { OrderResult } from "../backend.ts";
import type { Log } from "../log.ts";
import type { CallAssignment, CallOrder, FromShard } from "../messages.ts";
import type { Interims } from "./interims.ts";
import { type ObedientCall, obey } from "./obey.ts";
import type { Parcels } from "./parcels.ts";
import { callScope } from "./stray.ts";

/** What the shard needs of a call; the engine's Call fits. */
export interface RunningCall extends ObedientCall {
  /** Resolves when joined. A call that cannot start closes itself and rejects. */
  start(): Promise<void>;
  readonly done: Promise<{ reason: string }>;
  changeAgent(next: NextAgent): void;
  readonly control: Pick<CallControl, "agent">;
  /** Leaves without a word: another process has it. */
  abandon(): unknown;
  /** Lets go of its log at a quiet moment. */
  release(withinMs: number): Promise<void>;
}

export interface CallsOptions {
  /** Makes a call ready to start: transport, log file, rules. May throw. */
  open(assignment: CallAssignment, log: Log): RunningCall | Promise<RunningCall>;
  tell(message: FromShard): void;
  log: Log;
  parcels: Parcels;
  interims: Pick<Interims, "watch">;
  /** Another agent goes on with the call. Rejects with ParleyError. */
  changeAgent(
    call: RunningCall,
    assignment: CallAssignment,
    order: Extract<CallOrder, { name: "change-agent" }>,
  ): Promise<void>;
}

/** The calls of one shard. Whatever one of them throws ends that call alone. */
export interface Calls {
  run(assignment: CallAssignment): Promise<void>;
  end(jobId: string, reason: string): void;
  abandon(jobId: string): void;
  /** Answered once the call has it, or is over. Never rejects. */
  order(jobId: string, order: CallOrder): Promise<OrderResult>;
  /** Tells `released` when the call's log is closed and complete. */
  release(jobId: string, withinMs: number): void;
  /** What runs here, as it was told to. */
  assignments(): CallAssignment[];
  /** Ends all; resolves when the last is over. */
  endAll(reason: string): Promise<void>;
  /** Resolves when the last is over, however long that takes. */
  allOver(): Promise<void>;
  readonly count: number;
}

interface Entry {
  assignment: CallAssignment;
  call: RunningCall | null;
  /** Told while the call was being opened. */
  early: ((call: RunningCall) => unknown)[];
  over: Promise<void>;
}

export function createCalls({ open, tell, log, parcels, interims, changeAgent }: CallsOptions): Calls {
  const running = new Map<string, Entry>();

  async function live(assignment: CallAssignment, entry: Entry): Promise<void> {
    const { jobId, callId } = assignment;
    const callLog = log.child({ callId });
    let reason = "failed";
    let error: string | null = null;
    try {
      const opened = open(assignment, callLog);
      const call = opened instanceof Promise ? await opened : opened;
      entry.call = call;
      const started = call.start();
      for (const act of entry.early.splice(0)) act(call);
      await started;
      tell({ type: "call-joined", jobId });
      ({ reason } = await call.done);
    } catch (thrown) {
      const known = asParleyError(thrown, { code: "call-failed", category: "internal" });
      // Over already, or let go of while it joined.
      if (known.category === "cancelled") reason = known.code;
      else {
        error = known.message;
        callLog.error({ jobId, err: thrown }, "call failed");
      }
    } finally {
      running.delete(jobId);
      tell({ type: "call-ended", jobId, reason, error });
    }
  }

  function act(jobId: string, what: string, run: (call: RunningCall) => unknown): void {
    const entry = running.get(jobId);
    if (!entry) return;
    const guarded = async (call: RunningCall): Promise<void> => {
      try {
        await run(call);
      } catch (error) {
        log.error({ callId: entry.assignment.callId, jobId, err: error }, `a call could not be ${what}`);
      }
    };
    if (entry.call) void guarded(entry.call);
    else entry.early.push(guarded);
  }

  const end = (jobId: string, reason: string): void => act(jobId, "closed", (call) => call.close(reason));
  const allOver = async (): Promise<void> => {
    await Promise.all([...running.values()].map((entry) => entry.over));
  };

  return {
    run(assignment) {
      const { jobId, callId } = assignment;
      const entry: Entry = { assignment, call: null, early: [], over: Promise.resolve() };
      running.set(jobId, entry);
      entry.over = callScope.run({ callId }, () => live(assignment, entry));
      return entry.over;
    },
    end,
    abandon: (jobId) => act(jobId, "abandoned", (call) => call.abandon()),
    order(jobId, order) {
      const over: OrderResult = { ok: false, reason: "call-over", detail: "The call is over." };
      const entry = running.get(jobId);
      if (!entry) return Promise.resolve(over);
      if (order.name === "watch") {
        interims.watch(jobId, order.forMs);
        return Promise.resolve({ ok: true, reason: "" });
      }
      const { promise, resolve } = Promise.withResolvers<OrderResult>();
      void entry.over.then(() => resolve(over));
      act(jobId, "given an order", (call) =>
        obey(call, order, { parcels, changeAgent: (one, to) => changeAgent(one, entry.assignment, to) }).then(resolve),
      );
      return promise;
    },
    release(jobId, withinMs) {
      act(jobId, "released", async (call) => {
        await call.release(withinMs);
        tell({ type: "call-released", jobId });
      });
    },
    assignments: () => [...running.values()].map(({ assignment }) => assignment),
    async endAll(reason) {
      const over = allOver();
      for (const jobId of running.keys()) end(jobId, reason);
      await over;
    },
    allOver,
    get count() {
      return running.size;
    },
  };
}
