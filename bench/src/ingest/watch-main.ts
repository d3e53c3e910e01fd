/** Program: people who watch calls live; which ones comes as JSON. Told `stop`, it answers how old each fact was when it was seen. */
import WebSocket from "ws";
import { now } from "../time.ts";

export interface WatchOptions {
  port: number;
  callIds: readonly string[];
}

export interface Seen {
  /** A fact made -> seen by who watches. */
  seenMs: number[];
  /** Facts that came out of order, twice, or after one that was missing. */
  outOfOrder: number;
  /** Watchers that were cut off. */
  lost: number;
}

const seen: Seen = { seenMs: [], outOfOrder: 0, lost: 0 };
let measuring = false;

process.on("message", (message: WatchOptions | "measure" | "stop") => {
  if (message === "measure") measuring = true;
  else if (message === "stop") process.send?.(seen, () => process.exit(0));
  else for (const callId of message.callIds) watch(message.port, callId);
});

function watch(port: number, callId: string): void {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/calls/${callId}/live`, { perMessageDeflate: false });
  let lastSeq = 0;
  socket.on("message", (data) => {
    const { facts = [] } = JSON.parse(String(data)) as { facts?: { seq: number; madeAt?: number }[] };
    const at = now();
    for (const { seq, madeAt } of facts) {
      if (seq !== lastSeq + 1) seen.outOfOrder += 1;
      lastSeq = seq;
      if (measuring && madeAt !== undefined) seen.seenMs.push(at - madeAt);
    }
  });
  socket.on("error", (error) => console.error(String(error)));
  socket.on("close", (code) => {
    seen.lost += 1;
    console.error(`${callId}: closed with ${code}`);
  });
}
