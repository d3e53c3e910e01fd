import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ParleyError } from "@parley/engine";
import type { ModelFiles, ModelRequest } from "./model-files.ts";
import type { ModelReply } from "./model-worker.ts";

const TIMEOUT_MS = 60_000;
/** Beside this file, in the form this file has: TypeScript in the repository, JavaScript when published. */
const WORKER_URL = new URL(`./model-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/** Makes a model in a thread of its own. Rejects with `stt-model-failed`. */
export function prepareModel(request: ModelRequest): Promise<ModelFiles> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER_URL, { workerData: request });
    const fail = (why: string) => {
      clearTimeout(timer);
      void worker.terminate();
      reject(
        new ParleyError(`PocketSphinx's language model could not be made in ${request.folder}: ${why}`, {
          code: "stt-model-failed",
          category: "configuration",
        }),
      );
    };
    const timer = setTimeout(() => fail(`it took longer than ${TIMEOUT_MS} ms`), TIMEOUT_MS);
    worker.on("error", (error) => fail(String(error)));
    worker.on("exit", (code) => fail(`its thread ended with code ${code}`));
    worker.on("message", (reply: ModelReply) => {
      if ("failure" in reply) return fail(reply.failure);
      clearTimeout(timer);
      resolve(reply.files);
    });
  });
}
