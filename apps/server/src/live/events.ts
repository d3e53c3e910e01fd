import { PassThrough, type Readable } from "node:stream";
import type { Clock } from "@parley/engine";
import type { Sink } from "./follower.ts";

/** Not yet taken by the client's side; beyond it the reader is too slow, and comes back by itself with Last-Event-ID. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Whoever is behind by so much is told only what is stored. */
const MAX_BEHIND_BYTES = 64 * 1024;
/** Proxies close what is silent for a minute. */
const COMMENT_MS = 15_000;

/** One who watches a call by server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html. */
export function eventStream(options: { clock: Clock; gone(): void }): { sink: Sink; body: Readable } {
  const body = new PassThrough({ highWaterMark: MAX_BUFFERED_BYTES });
  let cancel = (): void => {};
  let waitedBefore = 0;

  function send(event: string, data: string, id?: number): Promise<void> {
    if (body.destroyed || body.writableEnded) return Promise.resolve();
    if (body.writableLength > MAX_BUFFERED_BYTES) {
      body.destroy();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      body.write(`${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`, () => resolve());
    });
  }

  function comment(): void {
    cancel = options.clock.after(COMMENT_MS, () => {
      const waits = body.writableLength;
      // Nothing of what waits was taken: nobody reads any more.
      if (waits > 0 && waits === waitedBefore) return body.destroy();
      waitedBefore = waits;
      if (waits === 0) body.write(":\n\n");
      comment();
    });
  }
  comment();
  body.on("error", () => undefined);
  body.once("close", () => {
    cancel();
    options.gone();
  });

  return {
    body,
    sink: {
      facts: (json, lastSeq) => send("facts", json, lastSeq),
      interim(json) {
        if (body.writableLength < MAX_BEHIND_BYTES) void send("interim", json);
      },
      caughtUp: () => void send("live", "{}"),
      over(why) {
        cancel();
        if (why === "call-ended") void send("ended", "{}");
        if (why === "key-gone") void send("closed", '{"code":"key-not-good"}');
        body.end();
      },
    },
  };
}
