import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ParleyError, type Recorder, type Recording, type RecordingOptions } from "@parley/engine";
import type { Log } from "../log.ts";
import { CallRecording } from "./call-recording.ts";
import type { FromRecorder, RecorderSettings, ToRecorder } from "./messages.ts";

/** Beside this file, in the form this file has: TypeScript in the repository, JavaScript when published. */
const THREAD = new URL(`./thread${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
const FLUSH_MS = 250;
/** For the last pages of calls that are over. */
const CLOSE_MS = 3_000;

/** What the recorder needs of the thread. */
export interface RecorderThread {
  postMessage(message: ToRecorder, transfer?: ArrayBuffer[]): void;
  on(event: "message", told: (message: FromRecorder) => void): unknown;
  on(event: "error", told: (error: Error) => void): unknown;
  on(event: "exit", told: () => void): unknown;
  unref(): void;
  terminate(): Promise<unknown>;
}

export interface ShardRecorder extends Recorder {
  /** Waits a little until what was recorded is in its files. Idempotent. */
  close(): Promise<void>;
}

/** All recordings of a shard, encoded in one thread that begins with the first of them. */
export function createRecorder(
  settings: RecorderSettings,
  log: Log,
  start: () => RecorderThread = () => new Worker(THREAD, { workerData: settings }) as RecorderThread,
): ShardRecorder {
  const open = new Map<number, CallRecording>();
  let thread: RecorderThread | null = null;
  let timer: NodeJS.Timeout | null = null;
  let lastId = 0;
  let allClosed: (() => void) | null = null;

  function running(): RecorderThread {
    if (thread) return thread;
    const started = start();
    thread = started;
    // A shard that has nothing else to do may end.
    started.unref();
    started.on("message", told);
    started.on("error", (error) => log.error({ err: error }, "the thread that encodes recordings failed"));
    started.on("exit", () => {
      if (thread === started) thread = null;
      for (const [id, recording] of open) {
        open.delete(id);
        recording.fail("recorder-ended", "the thread that encodes recordings has ended");
      }
      settle();
    });
    log.debug({ dir: settings.dir }, "recordings are encoded in a thread of their own");
    return started;
  }

  function told(message: FromRecorder): void {
    const recording = open.get(message.id);
    switch (message.type) {
      case "done":
        recording?.done();
        return;
      case "failed":
        log.warn({ callId: recording?.callId, code: message.code }, `a recording ends: ${message.message}`);
        recording?.fail(message.code, message.message);
        return;
      case "closed":
        open.delete(message.id);
        settle();
        return;
      default:
        message satisfies never;
    }
  }

  function settle(): void {
    if (open.size > 0) return;
    if (timer) clearInterval(timer);
    timer = null;
    allClosed?.();
  }

  function flushAll(): void {
    for (const recording of open.values()) recording.flush();
  }

  return {
    open(options) {
      try {
        running();
      } catch (error) {
        return refused(options, error as Error);
      }
      const id = ++lastId;
      const recording = new CallRecording(id, options, (message, transfer) => {
        // One that has ended is not begun again for what is left to say of its recordings.
        const to = message.type === "open" ? running() : thread;
        to?.postMessage(message, transfer);
      });
      open.set(id, recording);
      timer ??= setInterval(flushAll, FLUSH_MS).unref();
      return recording;
    },
    async close() {
      for (const recording of open.values()) recording.close();
      if (open.size > 0)
        await new Promise<void>((resolve) => {
          allClosed = resolve;
          setTimeout(resolve, CLOSE_MS).unref();
        });
      await thread?.terminate();
    },
  };
}

/** There is no thread to be had: the call goes on without a recording. */
function refused({ failed }: RecordingOptions, { message }: Error): Recording {
  const error = new ParleyError(`The thread that encodes recordings can't be started: ${message}`, {
    code: "recorder-not-started",
    category: "internal",
  });
  queueMicrotask(() => failed(error));
  return { hears() {}, left() {}, sounds() {}, cleared() {}, close() {} };
}
