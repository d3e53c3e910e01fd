import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import { ParleyError } from "@parley/engine";
import type { StoragePlace } from "../config.ts";
import { checkedName, missing, type RecordingStorage, storageFailed, watched } from "./storage.ts";

export interface S3Waits {
  connectMs: number;
  /** Without a byte in either direction. */
  idleMs: number;
  /** For one thing as a whole, tries included. */
  totalMs: number;
}

const WAITS: S3Waits = { connectMs: 5_000, idleMs: 15_000, totalMs: 120_000 };
const TRIES = 3;

/** A bucket of Amazon's, or of anything that speaks like it. */
export function s3Storage(place: Extract<StoragePlace, { kind: "s3" }>, waits: S3Waits = WAITS): RecordingStorage {
  const { bucket, prefix, endpoint, region, keys } = place;
  const name = `s3://${bucket}/${prefix}`;
  const client = new S3Client({
    region,
    maxAttempts: TRIES,
    ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
    ...(keys === null ? {} : { credentials: keys }),
    // Storages that only resemble Amazon's stumble over its newer checksums; what is sent is signed with its SHA-256.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: waits.connectMs, socketTimeout: waits.idleMs },
  });
  const at = (object: string) => ({ Bucket: bucket, Key: prefix + checkedName(object) });

  async function ask<T>(what: string, object: string, send: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), waits.totalMs);
    try {
      return await send(over.signal);
    } catch (error) {
      if (error instanceof ParleyError) throw error;
      throw asStorageError(error, what, object);
    } finally {
      clearTimeout(timer);
    }
  }

  function asStorageError(error: unknown, what: string, object: string): ParleyError {
    const { name: kind, $metadata } = error as S3ServiceException;
    const status = $metadata?.httpStatusCode;
    if (kind === "NoSuchKey" || (status === 404 && kind !== "NoSuchBucket")) return missing(object, name);
    const said = `The recording could not be ${what} ${name}`;
    if (status === 403 || status === 401 || kind === "CredentialsProviderError") {
      const fix = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and what they may do with PARLEY_RECORDINGS_URL";
      return new ParleyError(`${said} (${kind}): ${fix}.`, {
        code: "recording-storage-refused",
        category: "unauthorised",
        cause: error,
      });
    }
    if (kind === "NoSuchBucket" || status === 301 || status === 400) {
      const fix = "check PARLEY_RECORDINGS_URL, AWS_REGION and AWS_ENDPOINT_URL_S3";
      return storageFailed(`${said} (${kind}): ${fix}`, error, false);
    }
    return storageFailed(said, error);
  }

  return {
    name,
    put: (object, bytes) =>
      ask("written to", object, async (abortSignal) => {
        const body = { Body: bytes, ContentLength: bytes.length, ContentType: "application/octet-stream" };
        await client.send(new PutObjectCommand({ ...at(object), ...body }), { abortSignal });
      }),
    read: (object, { start, end }) =>
      ask("read from", object, async (abortSignal) => {
        const bytes = end - start;
        if (bytes <= 0) return Readable.from([]);
        const range = new GetObjectCommand({ ...at(object), Range: `bytes=${start}-${end - 1}` });
        const { Body, ContentLength } = await client.send(range, { abortSignal });
        const body = Body as Readable;
        if (ContentLength !== undefined && ContentLength !== bytes) {
          body.destroy();
          throw storageFailed(`${name} answered`, `${ContentLength} bytes instead of the ${bytes} asked for`);
        }
        return Readable.from(watched(body, { bytes, idleMs: waits.idleMs }), { objectMode: false });
      }),
    size: (object) =>
      ask("found in", object, async (abortSignal) => {
        const { ContentLength } = await client.send(new HeadObjectCommand(at(object)), { abortSignal });
        return ContentLength ?? null;
      }).catch((error: ParleyError) => {
        if (error.code === "recording-file-missing") return null;
        throw error;
      }),
    delete: (object) =>
      ask("deleted from", object, async (abortSignal) => {
        await client.send(new DeleteObjectCommand(at(object)), { abortSignal });
      }).catch((error: ParleyError) => {
        if (error.code !== "recording-file-missing") throw error;
      }),
    close: () => client.destroy(),
  };
}
