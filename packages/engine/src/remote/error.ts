import { type ErrorCategory, ParleyError } from "../error.ts";
import { redact, safeCause } from "./redact.ts";

/** What a call asks of a service: three things one by one, or all of them at once; first part of every error code. */
export type RemoteStage = "stt" | "llm" | "tts" | "realtime";

/** Who was asked for what; everything an error message needs to name. */
export interface RemoteService {
  stage: RemoteStage;
  /** `vendor/model`, as an agent file has it. */
  name: string;
  /** The model's id alone, as the service got it. */
  model: string;
  /** Where it was sent, e.g. `https://api.openai.com/v1`; absent where the adapter cannot know. */
  url?: string;
  /** The setting that holds `url`, e.g. `OPENAI_BASE_URL`: what somebody has to change when it is wrong. */
  urlSetting?: string;
  /** Keys in use: taken out of every message. */
  secrets?: readonly string[];
}

/** A ParleyError from a service across the network. `retryAfterMs` is there when the service said how long to wait. */
export type RemoteError = ParleyError & { retryAfterMs?: number };

interface RemoteErrorOptions {
  /** What happened, without the service's name and the stage. */
  code: string;
  category: ErrorCategory;
  retryable: boolean;
  cause?: unknown;
  retryAfterMs?: number | undefined;
}

/** `what` follows the service's name, e.g. "did not answer within 5000 ms. Raise …". */
export function remoteError(service: RemoteService, what: string, options: RemoteErrorOptions): RemoteError {
  const place = service.url === undefined ? "" : ` at ${service.url}`;
  const error: RemoteError = new ParleyError(redact(`${service.name}${place} ${what}`, service.secrets), {
    code: `${service.stage}-${options.code}`,
    category: options.category,
    retryable: options.retryable,
    ...(options.cause === undefined ? {} : { cause: safeCause(options.cause, service.secrets) }),
  });
  if (options.retryAfterMs !== undefined) error.retryAfterMs = options.retryAfterMs;
  return error;
}

/** The caller no longer wants it. */
export function cancelledError(service: RemoteService): RemoteError {
  return remoteError(service, "was cancelled", { code: "cancelled", category: "cancelled", retryable: false });
}

/** `wait` says which wait it was, e.g. "first token". */
export function timeoutError(service: RemoteService, wait: string, timeoutMs: number, cause?: unknown): RemoteError {
  return remoteError(service, `timed out (${service.stage}): no ${wait} within ${timeoutMs} ms`, {
    code: "timeout",
    category: "timeout",
    retryable: true,
    cause,
  });
}

/** It could not be reached, or the line broke before it answered. */
export function networkError(service: RemoteService, cause: unknown): RemoteError {
  const unresolved = withCode(cause, ["ENOTFOUND", "EAI_AGAIN"]);
  if (unresolved !== undefined) return nameError(service, unresolved.code, cause);
  return remoteError(service, `could not be reached: ${reason(cause)}. Check ${baseUrl(service)} and the network`, {
    code: "network",
    category: "network",
    retryable: true,
    cause,
  });
}

/** Its host's name has no address. Asking again helps only where the name server was at fault. */
function nameError(service: RemoteService, code: string, cause: unknown): RemoteError {
  const host = service.url !== undefined && URL.canParse(service.url) ? ` "${new URL(service.url).hostname}"` : "";
  const isUnknown = code === "ENOTFOUND";
  const why = isUnknown ? `there is no host${host} (${code})` : `no name server knows of the host${host} now (${code})`;
  return remoteError(service, `could not be found: ${why}. Check ${baseUrl(service)} and this machine's DNS`, {
    code: "name-not-found",
    category: "network",
    retryable: !isUnknown,
    cause,
  });
}

/** The answer began and stopped in the middle. */
export function cutError(service: RemoteService, category: "network" | "protocol", cause?: unknown): RemoteError {
  const why = cause === undefined ? "the answer stopped before its end" : `the answer was cut: ${reason(cause)}`;
  return remoteError(service, `broke off: ${why}`, { code: "cut", category, retryable: true, cause });
}

/** It answered with something that is not its protocol. */
export function garbageError(service: RemoteService, what: string, cause?: unknown): RemoteError {
  return remoteError(
    service,
    `sent an answer that cannot be read: ${what}. Is ${baseUrl(service)} that of a compatible API?`,
    {
      code: "garbage",
      category: "protocol",
      retryable: true,
      cause,
    },
  );
}

function baseUrl({ urlSetting }: RemoteService): string {
  return urlSetting === undefined ? "the base URL" : `the base URL (${urlSetting})`;
}

/** The first of an error and its causes that has one of these codes. */
function withCode(error: unknown, codes: readonly string[]): { code: string } | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string" && codes.includes(code)) return { code };
  }
  return undefined;
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = (cause as { code?: unknown }).code;
  const message = cause.message || cause.name;
  return typeof code === "string" && !message.includes(code) ? `${message} (${code})` : message;
}
