import {
  cutError,
  garbageError,
  httpError,
  networkError,
  type RemoteService,
  type RemoteStage,
  timeoutError,
} from "@parley/engine";

/**
 * Ways in which a provider lets a call down. `refused`: nobody listens there. `unavailable`: HTTP 500. `hung`: never
 * answers, only the signal ends it. `name-not-found`: its host does not exist. `timeout`: the adapter gave up by itself.
 * `cut`: breaks off in the middle. `garbage`: an answer that is none. `thrown`: an adapter with a fault of its own, a
 * plain Error.
 */
export type FaultName =
  | "refused"
  | "name-not-found"
  | "unavailable"
  | "rate-limited"
  | "unauthorised"
  | "hung"
  | "timeout"
  | "cut"
  | "garbage"
  | "thrown";

export function fakeService(stage: RemoteStage): RemoteService {
  return { stage, name: `fake/${stage}`, model: stage };
}

/** The error an adapter for this service would throw; `hung` has none. */
export function faultError(service: RemoteService, fault: Exclude<FaultName, "hung">): Error {
  switch (fault) {
    case "refused":
      return networkError(service, new Error("connect ECONNREFUSED 127.0.0.1:9"));
    case "name-not-found":
      return networkError(service, Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }));
    case "unavailable":
      return httpError(service, { status: 500, body: "the server had an error" });
    case "rate-limited":
      return httpError(service, { status: 429, body: "slow down", retryAfter: "2" });
    case "unauthorised":
      return httpError(service, { status: 401, body: "no such key" });
    case "timeout":
      return timeoutError(service, "answer", 10_000);
    case "cut":
      return cutError(service, "network", new Error("socket hang up"));
    case "garbage":
      return garbageError(service, "no JSON");
    case "thrown":
      return new TypeError("Cannot read properties of undefined (reading 'choices')");
    default:
      return fault satisfies never;
  }
}
