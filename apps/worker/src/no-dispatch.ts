import type { OpenDispatch } from "./dispatch.ts";
import type { Log } from "./log.ts";

/** LIVEKIT_ENABLED=false: nothing is registered anywhere; the server orders calls without a room. */
export function noDispatch(log: Log): OpenDispatch {
  return async (_agentName, sink) => {
    log.info("LiveKit is switched off (LIVEKIT_ENABLED=false): calls without a room are taken, from the server");
    // When whoever opened the line has taken it.
    const opening = setImmediate(() => sink.registered());
    return {
      load() {},
      async askAgain() {},
      endJob() {},
      drain() {},
      async close() {
        clearImmediate(opening);
      },
    };
  };
}
