import type { Recording } from "@parley/engine";
import type { WorkerConfig } from "../config.ts";
import type { Log } from "../log.ts";
import type { RecorderSettings } from "./messages.ts";
import { createRecorder, type ShardRecorder } from "./recorder.ts";

const ignore = (): void => undefined;
const kept: Recording = { hears: ignore, left: ignore, sounds: ignore, cleared: ignore, close: ignore };
/** The server has LiveKit record what the call's log says is to be: the call goes the same way, and nothing is kept here. */
const byEgress: ShardRecorder = { open: () => kept, close: async () => undefined };

/** Null: nothing is recorded. */
export function recorderFor(
  by: WorkerConfig["recordingBy"],
  settings: RecorderSettings,
  log: Log,
): ShardRecorder | null {
  switch (by) {
    case "agent":
      return createRecorder(settings, log);
    case "egress":
      return byEgress;
    case "off":
      return null;
    default:
      return by satisfies never;
  }
}
