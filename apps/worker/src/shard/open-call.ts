import { Call, openFileLog } from "@parley/engine";
import { LiveKitTransport } from "@parley/livekit";
import type { WorkerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { CallAssignment } from "../messages.ts";
import type { ShardAgent } from "./agent.ts";
import type { RunningCall } from "./calls.ts";

/** A call in its room, with its own log file, ready to start. @throws ParleyError when the file cannot be opened. */
export function openCall(
  assignment: CallAssignment,
  { config, agent, log }: { config: WorkerConfig; agent: ShardAgent; log: Log },
): RunningCall {
  const { callId, epoch, logPath, url, token, context } = assignment;
  return new Call({
    callId,
    epoch,
    agent: agent.call,
    transport: new LiveKitTransport({ url, token, connectTimeoutMs: config.connectionTimeoutMs, log }),
    log: openFileLog({ path: logPath }),
    context,
    logger: log,
  });
}
