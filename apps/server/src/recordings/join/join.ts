import { randomBytes } from "node:crypto";
import type { ParleyError } from "@parley/engine";
import { type Join, type Segment, type Store, StoreError } from "@parley/store";
import type { ServerLog } from "../../log.ts";
import { sealFile } from "../sealing/chunks.ts";
import type { RecordingKeys } from "../sealing/keys.ts";
import type { RecordingStorage } from "../storage/storage.ts";
import { joinInThread } from "./in-thread.ts";

/** Above what reading, joining and writing may take together. */
export const LEASE_MS = 15 * 60_000;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 10 * 60_000;

export interface JoinOptions {
  store: Pick<Store, "recordingSegments" | "recordingJoins" | "recordingDeletions">;
  storage: RecordingStorage;
  keys: RecordingKeys;
  log: ServerLog;
  /** How it went: `ready`, `failed` (for good), or `waits` (for the storage). */
  seen(outcome: "ready" | "failed" | "waits", bytes: number, error?: string): void;
  joinFiles?: typeof joinInThread;
}

/** Makes a recording of what workers sent of a call. Throws StoreError. */
export async function join({ recordingId, callId, attempts }: Join, options: JoinOptions): Promise<void> {
  const { store, storage, log, seen } = options;
  try {
    const bytes = await make(recordingId, callId, options);
    if (bytes === null) return log.info({ callId, recordingId }, "a recording is not kept: it was deleted meanwhile");
    seen("ready", bytes);
    log.info({ callId, recordingId, bytes, storage: storage.name }, "a recording is ready");
  } catch (error) {
    // A store that is away would not take what is said of it either.
    const isOfStore = error instanceof StoreError;
    if (isOfStore && error.retryable) throw error;
    const { code, message } = error as ParleyError;
    const isFinal = isOfStore || code === "recording-unusable";
    const retryMs = isFinal ? null : Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LONGEST_RETRY_MS);
    seen(isFinal ? "failed" : "waits", 0, message);
    log.warn({ callId, recordingId, attempts, retryMs, err: error }, "a recording could not be made");
    await store.recordingJoins.failed(recordingId, message, retryMs);
  }
}

/** How many bytes it has; null: nobody wants it any more. */
async function make(recordingId: string, callId: string, options: JoinOptions): Promise<number | null> {
  const { store, storage, keys, log, joinFiles = joinInThread } = options;
  const segments = await store.recordingSegments.read(callId);
  const files = segments.map((segment) => fileOf(callId, segment, keys));
  const version = files.reduce((bytes, file) => bytes + file.length, 0);
  const { joined, leftOut } = await joinFiles({ callId, files });
  if (leftOut > 0) log.warn({ callId, recordingId, leftOut }, "what a worker sent is no recording, and was left out");
  const object = newObject(recordingId);
  const made = await keys.newKey({ callId, object });
  const file = made === null ? joined.bytes : await sealFile(made.key, joined.bytes);
  const stored = { storage: storage.name, object };
  // If this process dies on the way, the file goes.
  await store.recordingDeletions.writing(stored, LEASE_MS);
  await storage.put(object, file);
  const { startMs, durationMs, bytes } = joined;
  const about = { startMs, durationMs, bytes: bytes.length, contentType: "audio/ogg", version };
  const kept = await store.recordingJoins.ready(recordingId, {
    ...stored,
    ...about,
    sealedKey: made?.sealedKey ?? null,
  });
  return kept ? bytes.length : null;
}

function fileOf(callId: string, { epoch, sealedKey, pieces }: Segment, keys: RecordingKeys): Buffer {
  const opened = pieces.map(({ at, bytes }) =>
    sealedKey === null ? bytes : keys.openPiece(sealedKey, { callId, epoch, offset: at, bytes }),
  );
  return Buffer.concat(opened);
}

/** A name of its own each time: what is written never lies where something is read. It says nothing of anybody. */
export const newObject = (recordingId: string): string =>
  `${new Date().toISOString().slice(0, 7)}/${recordingId}.${randomBytes(6).toString("hex")}.ogg`;
