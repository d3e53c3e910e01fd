import { type Clock, systemClock } from "@parley/engine/clock";
import { ParleyError } from "@parley/engine/error";
import type { JobOffer } from "@parley/livekit";
import { WorkerConnection } from "@parley/livekit/worker";
import type { LiveKitSettings } from "./config.ts";
import type { OpenDispatch } from "./dispatch.ts";
import type { Log } from "./log.ts";

/**
 * Registers with LiveKit's agent protocol. A server that is not there yet is tried again for CONNECTION_TIMEOUT;
 * once registered, the line is taken up again for as long as the worker lives.
 */
export function liveKitDispatch(
  livekit: LiveKitSettings,
  { connectionTimeoutMs, log, clock = systemClock }: { connectionTimeoutMs: number; log: Log; clock?: Clock },
): OpenDispatch {
  return async (agentName, sink, signal) => {
    const connection = new WorkerConnection({
      urls: [livekit.url, ...livekit.fallbackUrls],
      apiKey: livekit.apiKey,
      apiSecret: livekit.apiSecret,
      agentName,
      log,
      clock,
      onOffer: (offer) => sink.offered(offer),
      onJob: (job) => sink.assigned(job),
      onOfferLost: (offer, reason) => sink.offerLost(offer.jobId, reason),
      onTermination: (jobId) => sink.terminated(jobId),
      onState(state) {
        if (state === "registered") sink.registered();
        else if (state === "reconnecting") sink.lost();
      },
    });
    let late = false;
    const close = (): void => void connection.close();
    const stopWaiting = clock.after(connectionTimeoutMs, () => {
      late = true;
      close();
    });
    signal.addEventListener("abort", close, { once: true });
    try {
      await connection.start();
    } catch (error) {
      throw late ? unreachable(livekit, connectionTimeoutMs, error) : startFailure(error);
    } finally {
      stopWaiting();
      signal.removeEventListener("abort", close);
    }
    return {
      load: (load, jobs) => connection.updateLoad(load, jobs),
      endJob: (jobId, outcome, error) => connection.endJob(jobId, outcome, error),
      askAgain: (offer) => askAgain(livekit, offer, log),
      drain: () => connection.drain(),
      close: () => connection.close(),
    };
  };
}

async function askAgain(livekit: LiveKitSettings, { room, dispatchId, jobId }: JobOffer, log: Log): Promise<void> {
  try {
    // Hardly ever needed, and heavy.
    const { dispatchAgain } = await import("@parley/livekit/dispatch-again");
    if (await dispatchAgain(livekit, { room: room.name, dispatchId }))
      log.info({ room: room.name, jobId }, "LiveKit is asked again for a call that came while this worker started");
  } catch (error) {
    log.error({ err: error, room: room.name, jobId }, "a call that came while this worker started stays without agent");
  }
}

function unreachable({ url, fallbackUrls }: LiveKitSettings, waitedMs: number, cause: unknown): ParleyError {
  const message =
    `LIVEKIT_URL=${[url, ...fallbackUrls].join(",")}: no LiveKit server registered this worker within ${waitedMs} ms ` +
    "(CONNECTION_TIMEOUT). Is it running, and is this its address?";
  return new ParleyError(message, { code: "livekit-unreachable", category: "network", retryable: true, cause });
}

function startFailure(error: unknown): unknown {
  if (error instanceof ParleyError && error.code === "livekit-unauthorised") {
    // A key pair is configuration: no later attempt with the same one can succeed.
    return new ParleyError(error.message, { code: error.code, category: "configuration", cause: error });
  }
  return error;
}
