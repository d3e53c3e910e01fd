export { retryDelayMs } from "./again.ts";
export {
  cancelledError,
  cutError,
  garbageError,
  networkError,
  type RemoteError,
  type RemoteService,
  type RemoteStage,
  remoteError,
  timeoutError,
} from "./error.ts";
export { type HttpRefusal, httpError } from "./http.ts";
export { patiently } from "./patience.ts";
export { redact, safeCause } from "./redact.ts";
export { linkedAbort, pause, type Wait, within } from "./wait.ts";
