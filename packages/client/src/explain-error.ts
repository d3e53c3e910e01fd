import { CallError, type CallErrorCode } from "./error.ts";

/** DOMException names of getUserMedia: https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia */
const microphoneCodes: Record<string, CallErrorCode> = {
  NotAllowedError: "microphone-denied",
  SecurityError: "microphone-denied",
  NotFoundError: "no-microphone",
  OverconstrainedError: "no-microphone",
  NotReadableError: "microphone-busy",
  AbortError: "microphone-busy",
};

/** Names the error that opening a microphone ended with. */
export function explainMicrophoneError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const name = error instanceof Error ? error.name : "";
  return new CallError(microphoneCodes[name] ?? "unexpected", { cause: error });
}

/** Names the error that joining a room ended with. `reasonName` is livekit-client's ConnectionErrorReason in words. */
export function explainRoomError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const name = error instanceof Error ? error.name : "";
  const reason =
    typeof error === "object" && error !== null ? (error as { reasonName?: unknown }).reasonName : undefined;
  if (reason === "NotAllowed") return new CallError("token-refused", { cause: error });
  if (name === "ConnectionError" || name === "TimeoutError") return new CallError("server-away", { cause: error });
  if (error instanceof Error && /support(ed)? on this browser/.test(error.message)) {
    return new CallError("unsupported-browser", { cause: error });
  }
  return new CallError("unexpected", { cause: error });
}
