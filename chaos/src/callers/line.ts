import path from "node:path";
import { type Child, startNode } from "@parley/bench/child";
import type { CallerEvent, FromCallers, ToCallers } from "./messages.ts";

/** One process of callers, and what it tells. */
export interface CallersLine {
  readonly pid: number;
  send(order: ToCallers): void;
  close(): void;
}

export interface CallersOptions {
  clipsFolder: string;
  logPath: string;
  onEvent(callId: string, event: CallerEvent): void;
}

export async function openCallers({ clipsFolder, logPath, onEvent }: CallersOptions): Promise<CallersLine> {
  const child: Child = startNode({
    args: [path.join(import.meta.dirname, "main.ts"), clipsFolder],
    env: process.env,
    logPath,
    ipc: true,
  });
  child.process.on("message", ({ callId, event }: FromCallers) => onEvent(callId, event));
  child.process.on("error", () => {}); // its end shows in the calls
  await child.printed(/^callers ready/m, 30_000);
  return {
    pid: child.pid,
    send: (order) => {
      if (child.process.connected) child.process.send(order);
    },
    close: () => child.kill(),
  };
}
