import { isAbsolute, resolve } from "node:path";
import type { SettingProblem } from "@parley/settings";
import { z } from "zod";

/** Where recordings lie. */
export type StoragePlace =
  /** Absolute. */
  | { kind: "folder"; path: string }
  /** `prefix`: empty, or with a slash at its end. `endpoint` null: Amazon's own. `keys` null: as Amazon's SDK finds them. */
  | { kind: "s3"; bucket: string; prefix: string; endpoint: string | null; region: string; keys: S3Keys | null };

export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface RecordingsConfig {
  /** Who makes them. `off`: nobody; what there is can still be heard. */
  by: "agent" | "egress" | "off";
  place: StoragePlace;
  /** Sealed with a key each, which PARLEY_SECRET_KEY seals. */
  encrypt: boolean;
}

const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]{0,512}))?$/;

export const recordingsUrl = z.string().refine((text) => S3.test(text) || isAbsolute(text), {
  error: "must be s3://bucket/prefix, or the absolute path of a folder",
});

export const s3Endpoint = z.url({
  protocol: /^https?$/,
  error: "must be the address of an S3-compatible server, e.g. https://s3.example.com",
});

interface RecordingSettings {
  PARLEY_RECORDING_BY: RecordingsConfig["by"];
  PARLEY_RECORDINGS_URL?: string | undefined;
  PARLEY_RECORDINGS_ENCRYPT: boolean;
  PARLEY_DATA: string;
  AWS_ENDPOINT_URL_S3?: string | undefined;
  AWS_REGION: string;
  AWS_ACCESS_KEY_ID?: string | undefined;
  AWS_SECRET_ACCESS_KEY?: string | undefined;
  AWS_SESSION_TOKEN?: string | undefined;
}

export function recordingsConfig(read: RecordingSettings): RecordingsConfig {
  return { by: read.PARLEY_RECORDING_BY, place: placeOf(read), encrypt: read.PARLEY_RECORDINGS_ENCRYPT };
}

function placeOf(read: RecordingSettings): StoragePlace {
  const { PARLEY_RECORDINGS_URL: url, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = read;
  const [, bucket, path = ""] = S3.exec(url ?? "") ?? [];
  // Beside the worker's own `recordings`, which holds what it has not shipped yet.
  if (bucket === undefined) return { kind: "folder", path: resolve(url ?? `${read.PARLEY_DATA}/kept-recordings`) };
  const trimmed = path.replace(/^\/+|\/+$/g, "");
  const token = read.AWS_SESSION_TOKEN;
  return {
    kind: "s3",
    bucket,
    prefix: trimmed === "" ? "" : `${trimmed}/`,
    endpoint: read.AWS_ENDPOINT_URL_S3 ?? null,
    region: read.AWS_REGION,
    keys: id && secret ? { accessKeyId: id, secretAccessKey: secret, ...(token && { sessionToken: token }) } : null,
  };
}

/** What does not go together. */
export function recordingProblems(given: Readonly<Record<string, string>>): SettingProblem[] {
  const problems: SettingProblem[] = [];
  if (given.PARLEY_RECORDINGS_ENCRYPT === "true") {
    const problem = (fix: string) => problems.push({ name: "PARLEY_RECORDINGS_ENCRYPT", value: "true", fix });
    if (given.PARLEY_SECRET_KEY === undefined) {
      problem("the keys of recordings are sealed with PARLEY_SECRET_KEY: set that too (openssl rand -base64 32)");
    }
    if (given.PARLEY_RECORDING_BY === "egress") {
      problem(
        "LiveKit's Egress writes its files itself, in plain: encrypt where they lie, or set PARLEY_RECORDING_BY=agent",
      );
    }
  }
  const keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const missing = keys.filter((name) => given[name] === undefined);
  if (missing.length === 1 && given.PARLEY_RECORDINGS_URL?.startsWith("s3:")) {
    problems.push({ name: missing[0]!, value: undefined, fix: "the two keys of S3 belong together; set both or none" });
  }
  if (given.PARLEY_RECORDING_BY === "egress" && given.LIVEKIT_ENABLED === "false") {
    const fix = "Egress is LiveKit's, and LIVEKIT_ENABLED=false: set agent or off";
    problems.push({ name: "PARLEY_RECORDING_BY", value: "egress", fix });
  }
  return problems;
}
