/** Program: synthetic workers, and people who watch their calls; options come as JSON, and the result goes back the same way. */
import path from "node:path";
import { startNode } from "../child.ts";
import { type LoadOptions, type LoadResult, load } from "./load.ts";
import type { Seen } from "./watch-main.ts";

export interface LoadAndWatch extends LoadOptions {
  /** How many calls are watched, each by one. */
  watchers: number;
  watchLog: string;
}

export interface LoadedAndWatched extends LoadResult {
  seen: Seen;
}

/** Until every watcher has the beginning of its call. */
const CATCH_UP_MS = 500;

process.once("message", async (options: LoadAndWatch) => {
  const watchers = startNode({
    args: [path.join(import.meta.dirname, "watch-main.ts")],
    env: process.env,
    logPath: options.watchLog,
    ipc: true,
  });
  const result = await load({
    ...options,
    async begun(callIds) {
      watchers.process.send({ port: options.port, callIds: callIds.slice(0, options.watchers) });
      await new Promise((resolve) => setTimeout(resolve, CATCH_UP_MS));
    },
    measured: () => void watchers.process.send("measure"),
  });
  const seen = await new Promise<Seen>((resolve) => {
    watchers.process.once("message", (message) => resolve(message as Seen));
    watchers.process.send("stop");
  });
  const whole: LoadedAndWatched = { ...result, seen };
  process.send?.(whole, () => process.exit(0));
});
