import { parentPort, workerData } from "node:worker_threads";
import { type ModelFiles, type ModelRequest, makeModel } from "./model-files.ts";

/** What this one-shot thread answers. */
export type ModelReply = { files: ModelFiles } | { failure: string };

let reply: ModelReply;
try {
  reply = { files: makeModel(workerData as ModelRequest) };
} catch (error) {
  reply = { failure: error instanceof Error ? error.message : String(error) };
}
parentPort?.postMessage(reply);
