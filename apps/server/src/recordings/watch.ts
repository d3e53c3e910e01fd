import type { ServerMetrics } from "../metrics/server-metrics.ts";
import type { StatusBoard } from "../status/parts.ts";
import type { JoinOptions } from "./join/join.ts";

/** How recordings turn out, for those who look after the server. */
export function watchRecordings(metrics: ServerMetrics, board: StatusBoard): JoinOptions["seen"] {
  return (outcome, bytes, error = "") => {
    metrics.recordingMade(outcome, bytes);
    if (outcome === "ready") board.worked("recordings");
    // What cannot be used says nothing of the storage.
    else if (outcome === "waits") board.failed("recordings", error);
  };
}
