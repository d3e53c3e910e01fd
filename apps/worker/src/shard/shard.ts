import { join } from "node:path";
import { systemClock, type TransferWanted } from "@parley/engine";
import { asParleyError } from "@parley/engine/error";
import { collectAfterStart } from "../at-rest.ts";
import { keepCompiledCodeSoon } from "../compiled-code.ts";
import type { WorkerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { FromShard, ToShard } from "../messages.ts";
import { recorderFor } from "../recording/recorder-for.ts";
import type { AskingForAgents } from "./ask-for-agents.ts";
import { askForTransfer } from "./ask-for-transfer.ts";
import { type Calls, createCalls, type RunningCall } from "./calls.ts";
import { changeAgent, checkArrival, type GoesOn, whoGoesOn } from "./change-agent.ts";
import { createInterims } from "./interims.ts";
import { watchLeases } from "./lease.ts";
import { type CallWatch, type MeasuredCalls, measureCalls } from "./measure.ts";
import { openCall } from "./open-call.ts";
import { openOwnLine } from "./own-line.ts";
import { parcelsOf } from "./parcels.ts";
import { startPulse } from "./pulse.ts";
import type { LentAgent, ShardAgent } from "./shard-agent.ts";

/** A call without a supervisor goes on, but not for ever: another worker has taken it over, or its caller has gone. */
const ORPHAN_MS = 4 * 3_600_000;

export interface ShardOutside {
  /** On its way. @throws ParleyError when it cannot be loaded */
  agent: Promise<ShardAgent>;
  asking: Pick<AskingForAgents, "answered" | "lost">;
  tell(message: FromShard): void;
  log: Log;
  exit(code: number): void;
  /** Ends the process this instant: nothing in it says goodbye to anybody. */
  die(): void;
}

export interface Shard {
  told(message: ToShard): void;
  /** The supervisor is gone. */
  orphaned(): void;
}

/** When its agent is warm, runs the calls that it is given until it is closed. */
export function startShard(
  config: WorkerConfig,
  { agent: loading, asking, tell, log, exit, die }: ShardOutside,
): Shard {
  let agent: ShardAgent | undefined;
  let calls: Calls | undefined;
  let measuring: MeasuredCalls | undefined;
  let closing = false;
  /** Without a supervisor: by our own line. */
  let askServer: ((jobId: string) => Promise<boolean>) | null = null;
  const leases = watchLeases({
    ask(jobId, epoch) {
      if (!askServer) return tell({ type: "confirm", jobId, epoch });
      const answered = (held: boolean) => leases.answered(jobId, held);
      askServer(jobId).then(answered, () => answered(true));
    },
    onTooLong(ms) {
      if (!calls || calls.count === 0) return;
      log.error({ ms, calls: calls.count }, "this process stood still for too long and ends itself");
      tell({ type: "stood-still", ms });
      die();
    },
  });

  const recordings = {
    dir: join(config.dataDir, "recordings"),
    maxMb: config.recordingsMaxMb,
    key: config.filesKeys[0] ?? null,
  };
  const recorder = recorderFor(config.recordingBy, recordings, log);

  const transfers = askForTransfer(tell);
  const interims = createInterims(systemClock, tell);

  async function boot(): Promise<void> {
    const loaded = await loading;
    agent = loaded;
    const measured = measureCalls(loaded.summary.name, { isTraced: config.otlpEndpoint !== null });
    measuring = measured;
    calls = createCalls({
      open(assignment, callLog) {
        const lease = leases.of(assignment.jobId, assignment.epoch);
        const { jobId, context } = assignment;
        const begin = ({ lent: { agent: lent, giveBack }, arrival, reading }: GoesOn) => {
          const measure = measured.call(assignment.callId, lent, callLog);
          const interim = interims.of(assignment.jobId);
          const watch: CallWatch = {
            ...measure,
            onEphemeral(input) {
              measure.onEphemeral(input);
              interim(input);
            },
          };
          const elsewhere = (wanted: TransferWanted) => transfers.ask(jobId, wanted);
          const others = { colleagues: loaded.ofCode, transferElsewhere: elsewhere };
          const parts = { config, agent: lent, ...others, arrival, reading, lease, log: callLog, watch, recorder };
          return givenBack(openCall(assignment, parts), giveBack);
        };
        if (assignment.recovery) return whoGoesOn(loaded, assignment, config.filesKeys).then(begin);
        const lent = loaded.lend(context);
        const anew = (one: LentAgent) => begin({ lent: one, arrival: null, reading: undefined });
        return lent instanceof Promise ? lent.then(anew) : anew(lent);
      },
      tell,
      log,
      parcels: parcelsOf(config.backend),
      interims,
      changeAgent: (call, assignment, order) => changeAgent(loaded, call, assignment, order),
    });
    startPulse(
      () => calls?.count ?? 0,
      (beat) => tell({ type: "beat", beat }),
      tellMeasured,
    );
    tell({ type: "ready", agent: loaded.summary });
    keepCompiledCodeSoon();
    collectAfterStart(() => calls?.count === 0);
    const { user, system } = process.cpuUsage();
    log.info(
      { tookMs: Math.round(process.uptime() * 1000), cpuMs: Math.round((user + system) / 1000) },
      "shard is warm",
    );
  }

  function tellMeasured(): void {
    const sums = measuring?.take();
    if (sums) tell({ type: "measured", sums });
    const spans = measuring?.takeSpans() ?? [];
    if (spans.length > 0) tell({ type: "traced", spans });
  }

  async function close(reason: string): Promise<void> {
    if (closing) return;
    closing = true;
    await calls?.endAll(reason);
    await recorder?.close();
    await agent?.close();
    tellMeasured();
    exit(0);
  }

  function offer(message: Extract<ToShard, { type: "offer" }>): void {
    const { offerId } = message;
    try {
      const accept = agent?.accept?.(message.context) ?? true;
      tell({ type: "offer-answer", offerId, accept, reason: accept ? "accepted" : "the agent's accept said no" });
    } catch (error) {
      log.error({ callId: message.callId, err: error }, "the agent's accept threw; the job is refused");
      tell({ type: "offer-answer", offerId, accept: false, reason: "the agent's accept threw" });
    }
  }

  async function arrives({ offerId, ...arrival }: Extract<ToShard, { type: "arrival" }>): Promise<void> {
    const answer = (accept: boolean, reason: string) => tell({ type: "offer-answer", offerId, accept, reason });
    try {
      if (!agent) return answer(false, "no-shard");
      await checkArrival(agent, arrival, config.filesKeys);
      answer(true, "accepted");
    } catch (error) {
      const { code, message } = asParleyError(error, { code: "agent-not-ready", category: "internal" });
      log.warn({ callId: arrival.callId, agent: arrival.next.agentId, err: error }, message);
      answer(false, code);
    }
  }

  async function goOnAlone(): Promise<void> {
    if (!agent || !calls) return;
    // Without one the calls go on all the same.
    const line = openOwnLine({ config, agentName: agent.summary.name, calls, log }).catch((error: unknown) => {
      log.error({ err: error }, "this shard has no line of its own to the server");
      return null;
    });
    askServer = async (jobId) => (await (await line)?.isOurs(jobId)) ?? true;
    await calls.allOver();
    await recorder?.close();
    await (await line)?.close();
  }

  boot().catch((error: unknown) => {
    const { code, message, configuration } = loadFailure(error);
    tell({ type: "load-failed", code, message, configuration });
    log.debug({ err: error }, "the shard could not start");
    exit(configuration ? 2 : 1);
  });

  return {
    told(message) {
      switch (message.type) {
        case "run":
          void calls?.run(message.call);
          return;
        case "end-call":
          return calls?.end(message.jobId, message.reason);
        case "abandon-call":
          return calls?.abandon(message.jobId);
        case "order":
          void calls?.order(message.jobId, message.order).then((result) => {
            tell({ type: "order-answer", orderId: message.orderId, result });
          });
          return;
        case "release-call":
          return calls?.release(message.jobId, message.withinMs);
        case "agent-version":
          return asking.answered(message);
        case "transfer-answer":
          return transfers.answered(message);
        case "arrival":
          void arrives(message);
          return;
        case "confirmed":
          return leases.answered(message.jobId, message.held);
        case "offer":
          return offer(message);
        case "close":
          void close(message.reason);
          return;
        case "boot":
          return;
        default:
          message satisfies never;
      }
    },
    orphaned() {
      if (closing) return;
      closing = true;
      asking.lost();
      transfers.lost();
      log.error({ calls: calls?.count ?? 0 }, "the supervisor is gone; running calls go on, then this shard exits");
      setTimeout(() => exit(1), ORPHAN_MS).unref();
      void goOnAlone().finally(() => exit(1));
    },
  };
}

/** When the call is over, or could not be opened. */
function givenBack<Opened extends RunningCall | Promise<RunningCall>>(opened: Opened, giveBack: () => void): Opened {
  Promise.resolve(opened)
    .then((call) => call.done)
    .then(giveBack, giveBack);
  return opened;
}

function loadFailure(error: unknown): { code: string; message: string; configuration: boolean } {
  const { code, message, category } = (error ?? {}) as { code?: unknown; message?: unknown; category?: unknown };
  return {
    code: typeof code === "string" ? code : "agent-load-failed",
    message: typeof message === "string" ? message : String(error),
    configuration: category === "configuration",
  };
}
