import { createHash } from "node:crypto";
import { ParleyError } from "@parley/engine/error";
import type { LiveKitSettings } from "./config.ts";
import type { OpenDispatch } from "./dispatch.ts";
import type { Log } from "./log.ts";
import { readSeat } from "./token-seat.ts";

/**
 * LIVEKIT_TOKEN: the worker joins the one room that the token is for, as whom it names, and registers nowhere. For where
 * the secret must not be. When that call is over it does nothing more.
 */
export function tokenDispatch({ url }: LiveKitSettings, token: string, log: Log): OpenDispatch {
  return async (agentName, sink) => {
    const seat = readSeat(token);
    if (seat === null) {
      const message =
        "LIVEKIT_TOKEN is no LiveKit token: it must name a room to join (video.room) and an identity (sub).";
      throw new ParleyError(message, { code: "livekit-token-invalid", category: "configuration" });
    }
    // The same token is the same call, however often the worker is started with it.
    const jobId = `token-${createHash("sha256").update(token).digest("hex").slice(0, 16)}`;
    const { room, identity, metadata } = seat;
    const job = {
      jobId,
      dispatchId: "",
      agentName,
      room: { name: room, sid: "", metadata: "" },
      participant: null,
      metadata,
      attributes: {},
    };
    // When whoever opened the line has taken it.
    const starting = setImmediate(async () => {
      sink.registered();
      const answer = await sink.offered(job);
      if (answer.accept) sink.assigned({ job, identity, token, url });
      else log.error({ room, reason: answer.reason }, "the room of LIVEKIT_TOKEN is not joined");
    });
    return {
      load() {},
      endJob(_jobId, outcome, error) {
        log.info(
          { room, outcome, error },
          "the call of LIVEKIT_TOKEN is over; start again with a new token for another",
        );
      },
      async askAgain() {},
      drain() {},
      async close() {
        clearImmediate(starting);
      },
    };
  };
}
