import {
  Call,
  type CallAgent,
  type CallContext,
  type CallFilesReading,
  type CallOptions,
  isSessionRoom,
  type Lease,
  lineSeal,
  openFileLog,
  ParleyError,
  type Recorder,
  type Recovery,
  readCallFiles,
  sessionTransport,
} from "@parley/engine";
import { LiveKitTransport, serveControl } from "@parley/livekit/room";
import type { WorkerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { CallAssignment, RecoveryPlan } from "../messages.ts";
import type { RunningCall } from "./calls.ts";
import type { CallWatch } from "./measure.ts";
import { refusing } from "./refusal.ts";

/** Longer ago than any recovery takes; a file's time may be wrong. */
const MOST_GAP_MS = 600_000;
/** Where the server says nothing of it. */
const SESSION_IDLE_MS = 300_000;
/** Every frame is a message to such a model. */
const REALTIME_FRAME_MS = 20;

export interface CallParts {
  config: WorkerConfig;
  agent: CallAgent;
  /** Others that may go on with it, here and elsewhere. */
  colleagues: readonly CallAgent[];
  transferElsewhere: NonNullable<CallOptions["transferElsewhere"]>;
  /** Its log is another agent's so far. */
  arrival: Recovery["arrival"] | null;
  /** Its log so far, where it was read already. */
  reading?: CallFilesReading | undefined;
  lease: Lease;
  log: Log;
  /** Null: nothing is recorded here. */
  recorder: Recorder | null;
  /** Sees everything that happens in the call. */
  watch: CallWatch;
}

/**
 * A call in its room, with its own log file, ready to start; or one that goes on, once its log so far is read.
 * @throws ParleyError when its file cannot be opened, `call-over` when its log is closed already.
 */
export function openCall(assignment: CallAssignment, parts: CallParts): RunningCall | Promise<RunningCall> {
  const { recovery } = assignment;
  return recovery ? goOn(assignment, recovery, parts) : callOf(assignment, parts, null);
}

async function goOn(assignment: CallAssignment, plan: RecoveryPlan, parts: CallParts): Promise<RunningCall> {
  const reading = parts.reading ?? (await readCallFiles(plan.logPaths, [], lineSeal(parts.config.filesKeys)));
  const { facts, modifiedMs, problems, newerVersion, leftOut } = reading;
  for (const problem of problems) parts.log.warn(problem, "a part of the call's log could not be read");
  // To begin anew would greet a caller twice, and say that what was said was not.
  if (newerVersion !== null || (facts.length === 0 && leftOut > 0)) throw unreadable(newerVersion);
  if (facts.at(-1)?.type === "call-closed")
    throw new ParleyError("The call was over when its process died", { code: "call-over", category: "cancelled" });
  // Nothing was decided yet: it begins, in a new epoch.
  if (facts.length === 0) return callOf(assignment, parts, null);
  const gapMs = plan.copied || modifiedMs === null ? 0 : Math.min(MOST_GAP_MS, Math.max(0, Date.now() - modifiedMs));
  const { farewell: text } = parts.agent.settings.phrases;
  const farewell = plan.farewell ? { farewell: { text, reason: "recovered-too-often" } } : {};
  const { by, soundedOn, notTransferred } = plan;
  const change = {
    ...(parts.arrival ? { arrival: parts.arrival } : {}),
    ...(notTransferred ? { notTransferred: { ...notTransferred, category: "refused" as const, retryable: true } } : {}),
  };
  return callOf(assignment, parts, { facts, gapMs, by, soundedOn, ...change, ...farewell });
}

function callOf(
  assignment: CallAssignment,
  { config, agent, colleagues, transferElsewhere, lease, log, watch, recorder }: CallParts,
  recovered: Recovery | null,
): Call {
  const { callId, epoch, logPath, url, token, context, refusal } = assignment;
  const line = isSessionRoom(context.room) ? null : lineTo({ url, token }, config, agent, log);
  const own = recovered?.farewell ? withoutItsCode(agent) : refusal ? refusing(agent, refusal) : agent;
  const call = new Call({
    callId,
    epoch,
    agent: line === null ? inSession(own, context) : own,
    colleagues: line === null ? colleagues.map((one) => inSession(one, context)) : colleagues,
    transferElsewhere,
    transport: line ?? sessionTransport(),
    log: openFileLog({ path: logPath, lines: lineSeal(config.filesKeys) }),
    context,
    lease,
    logger: log,
    recorder,
    ...watch,
    ...(recovered ? { recovered } : {}),
  });
  if (line !== null) serveControl(line, call.remote, { log });
  return call;
}

/** @throws ParleyError `livekit-disabled` */
function lineTo(
  seat: { url: string; token: string },
  config: WorkerConfig,
  { realtime }: CallAgent,
  log: Log,
): LiveKitTransport {
  const { livekit, connectionTimeoutMs, ice } = config;
  if (livekit === null)
    throw new ParleyError("LiveKit is switched off here (LIVEKIT_ENABLED=false): no room can be joined.", {
      code: "livekit-disabled",
      category: "configuration",
    });
  const fallbackUrls = [livekit.url, ...livekit.fallbackUrls];
  // What a model that speaks in real time hears is not gathered for the voice detector first.
  const hearing = realtime ? { hearingFrameMs: REALTIME_FRAME_MS } : {};
  return new LiveKitTransport({ ...seat, fallbackUrls, connectTimeoutMs: connectionTimeoutMs, ice, log, ...hearing });
}

/**
 * Nobody is on the line: nobody is greeted or away, and there is nothing to record; between two turns everybody has left,
 * for as long as that may last.
 */
export function inSession(agent: CallAgent, { metadata }: CallContext): CallAgent {
  const { sessionIdleMs } = metadata;
  const idleMs = typeof sessionIdleMs === "number" && sessionIdleMs > 0 ? sessionIdleMs : SESSION_IDLE_MS;
  const { settings } = agent;
  const closing = { ...settings.closing, graceMs: idleMs, joinMs: idleMs };
  const away = { ...settings.away, afterMs: 0 };
  const recording = { ...settings.recording, mode: "off" as const };
  return { ...agent, greeting: null, settings: { ...settings, closing, away, recording } };
}

/** What is left can say a sentence, and no more. */
function withoutItsCode({ realtime: _realtime, ...agent }: CallAgent): CallAgent {
  return { ...agent, llm: null, tools: [], hooks: {} };
}

function unreadable(newerVersion: number | null): ParleyError {
  const why =
    newerVersion === null
      ? "its beginning is missing"
      : `a newer Parley has written to it (facts of version ${newerVersion}): run the same version on every worker`;
  return new ParleyError(`The call cannot go on from its log: ${why}`, {
    code: "log-unreadable",
    category: "internal",
  });
}
