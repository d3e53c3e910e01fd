import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ParleyError } from "@parley/engine";
import type { JoinReply, JoinRequest } from "./thread.ts";

const THREAD_URL = new URL(`./thread${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
const LONGEST_MS = 120_000;

export type JoinedFile = Extract<JoinReply, { joined: unknown }>;

/**
 * One file of a call's segments, made beside the server's own thread: an hour of sound is some hundred thousand packets.
 * Throws ParleyError `recording-unusable` for what gives no recording, however often it is tried; `recording-join-failed`.
 */
export function joinInThread(request: JoinRequest, longestMs = LONGEST_MS): Promise<JoinedFile> {
  const { promise, resolve, reject } = Promise.withResolvers<JoinedFile>();
  const worker = new Worker(THREAD_URL, { workerData: request, stderr: true });
  const failed = (why: unknown) => {
    const message = `A recording could not be put together: ${why instanceof Error ? why.message : why}`;
    reject(new ParleyError(message, { code: "recording-join-failed", category: "internal", retryable: true }));
  };
  const timer = setTimeout(() => failed(`it took longer than ${longestMs} ms`), longestMs);
  worker.once("message", (reply: JoinReply) => {
    if ("joined" in reply) resolve(reply);
    else reject(new ParleyError(reply.failure, { code: "recording-unusable", category: "internal" }));
  });
  worker.once("error", failed);
  worker.once("exit", (code) => failed(`its thread ended with ${code}`));
  return promise.finally(() => {
    clearTimeout(timer);
    void worker.terminate();
  });
}
