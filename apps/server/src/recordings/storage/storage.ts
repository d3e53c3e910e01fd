import type { Readable } from "node:stream";
import { ParleyError } from "@parley/engine";

/** Bytes from `start`, up to but without `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Where recordings lie. Names have letters, digits, `-`, `_`, `.` and `/`. Every method throws ParleyError, and ends. */
export interface RecordingStorage {
  /** As rows name it: the same in every replica that uses the same storage. */
  readonly name: string;
  /** Whole, or not at all. */
  put(object: string, bytes: Uint8Array): Promise<void>;
  /** Resolves when the first bytes are there; ends with an error when it gets fewer. Throws `recording-file-missing`. */
  read(object: string, range: ByteRange): Promise<Readable>;
  /** Null: it is not there. */
  size(object: string): Promise<number | null>;
  /** What is not there is as good as deleted. */
  delete(object: string): Promise<void>;
  /** Idempotent. */
  close(): void;
}

const OBJECT = /^(?!.*(?:^|\/)\.)[\w./-]{1,512}$/;

/** Nothing that a database says may lead out of the storage. Throws ParleyError `recording-name-invalid`. */
export function checkedName(object: string): string {
  if (OBJECT.test(object) && !object.startsWith("/") && !object.includes("//")) return object;
  throw new ParleyError(`${JSON.stringify(object)} is no name of a recording's file.`, {
    code: "recording-name-invalid",
    category: "internal",
  });
}

export const missing = (object: string, storage: string): ParleyError =>
  new ParleyError(`The recording's file ${object} is not in ${storage}: somebody has taken it away.`, {
    code: "recording-file-missing",
    category: "internal",
  });

export const storageFailed = (what: string, cause: unknown, retryable = true): ParleyError =>
  new ParleyError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    code: "recording-storage-failed",
    category: "provider",
    retryable,
    cause,
  });

/** Passes on what is read, and ends when nothing comes for too long; a slow reader is waited for. */
export async function* watched(body: Readable, { bytes, idleMs }: { bytes: number; idleMs: number }) {
  let left = bytes;
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(chunks.next(), idleMs);
      if (next.done) break;
      const chunk: Buffer = next.value;
      left -= chunk.length;
      if (left < 0) throw new Error("it sent more than was asked for");
      yield chunk;
    }
    if (left > 0) throw new Error(`${left} bytes are missing`);
  } catch (error) {
    throw storageFailed("The recording's file could not be read to its end", error);
  } finally {
    body.destroy();
  }
}

function within<T>(task: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`nothing came for ${ms} ms`)), ms);
  return Promise.race([task, promise]).finally(() => clearTimeout(timer));
}
