import { parentPort, workerData } from "node:worker_threads";
import type { FromRecorder, RecorderSettings, ToRecorder } from "./messages.ts";
import { SegmentFile } from "./segment.ts";

/** Encodes every recording of a shard, beside its calls. */
const settings = workerData as RecorderSettings;
const files = new Map<number, SegmentFile>();
const tell = (message: FromRecorder): void => parentPort?.postMessage(message);

parentPort?.on("message", (message: ToRecorder) => {
  const { id } = message;
  try {
    carryOut(message);
  } catch (error) {
    const { code = "recording-failed", message: why } = error as NodeJS.ErrnoException;
    files.get(id)?.abandon();
    files.delete(id);
    tell({ type: "failed", id, code, message: why });
  }
  if (message.type === "block") tell({ type: "done", id });
  if (message.type === "close") tell({ type: "closed", id });
});

function carryOut(message: ToRecorder): void {
  switch (message.type) {
    case "open":
      files.set(message.id, new SegmentFile(message, settings));
      return;
    case "block":
      files.get(message.id)?.take(message.sounds, message.samples, message.nowMs);
      return;
    case "close": {
      const file = files.get(message.id);
      files.delete(message.id);
      file?.close(message.nowMs);
      return;
    }
    default:
      message satisfies never;
  }
}
