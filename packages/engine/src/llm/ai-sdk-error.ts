import { APICallError, InvalidResponseDataError, JSONParseError, TypeValidationError } from "@ai-sdk/provider";
import { ParleyError } from "../error.ts";
import {
  cutError,
  garbageError,
  httpError,
  networkError,
  type RemoteError,
  type RemoteService,
  remoteError,
} from "../remote/index.ts";

/** Whatever an AI SDK model throws, or puts into its stream as an `error` part, as what it means for a call. */
export function fromAiSdk(service: RemoteService, error: unknown): RemoteError {
  if (error instanceof ParleyError) return error;
  if (APICallError.isInstance(error)) return fromApiCall(service, error);
  if (JSONParseError.isInstance(error) || TypeValidationError.isInstance(error)) {
    return garbageError(service, "a piece of the stream does not have the form it should have", error);
  }
  if (InvalidResponseDataError.isInstance(error)) return garbageError(service, error.message, error);
  const { status, message } = streamError(error);
  if (status !== undefined) return httpError(service, { status, body: message, cause: error });
  return remoteError(service, `failed: ${message}`, {
    code: "provider-failed",
    category: "provider",
    retryable: true,
    cause: error,
  });
}

function fromApiCall(service: RemoteService, error: APICallError): RemoteError {
  const { statusCode } = error;
  if (statusCode === undefined) return unreached(service, error.cause ?? error);
  // The SDK gives a broken line and an unreadable body the status of the answer that had begun: 2xx.
  if (statusCode < 300) {
    const { cause } = error;
    if (JSONParseError.isInstance(cause) || TypeValidationError.isInstance(cause)) return fromAiSdk(service, cause);
    return cutError(service, "network", cause ?? error);
  }
  return httpError(service, {
    status: statusCode,
    body: error.responseBody ?? error.message,
    retryAfter: error.responseHeaders?.["retry-after"],
    retryAfterMs: error.responseHeaders?.["retry-after-ms"],
    cause: error,
  });
}

/** The HTTP client's own time-outs (undici's codes, and the system's) say how long they waited in their message. */
function unreached(service: RemoteService, cause: unknown): RemoteError {
  for (let error = cause; error instanceof Error; error = error.cause) {
    if (!/TIMEOUT|TIMEDOUT/.test(String((error as { code?: unknown }).code))) continue;
    const what = `timed out (llm): ${error.message}`;
    return remoteError(service, what, { code: "timeout", category: "timeout", retryable: true, cause });
  }
  return networkError(service, cause);
}

/** An error inside a stream that began well: an Error, or the vendor's `{message, code, type}`. */
function streamError(error: unknown): { status: number | undefined; message: string } {
  if (typeof error !== "object" || error === null) return { status: undefined, message: String(error) };
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  return {
    status: typeof statusCode === "number" && statusCode >= 400 ? statusCode : undefined,
    message: typeof message === "string" && message !== "" ? message : JSON.stringify(error),
  };
}
