/** The entry of a shard process: it is told over IPC what to load and which calls to run. */
import { createLog } from "../log.ts";
import type { FromShard, ToShard } from "../messages.ts";
import { startShard } from "./shard.ts";

// A terminal's Ctrl-C reaches the whole process group; the supervisor alone decides when calls end.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

let told = Promise.resolve();

const tell = (message: FromShard): void => {
  if (process.connected) told = new Promise((resolve) => process.send?.(message, () => resolve()));
};

/** What was told last is out before the process goes. */
const exit = (code: number): void => void told.then(() => process.exit(code));

const die = (): void => void process.kill(process.pid, "SIGKILL");

process.once("message", (message: ToShard) => {
  if (message.type !== "boot") throw new TypeError(`a shard is booted before it is told to ${message.type}`);
  const log = createLog("shard", message.config.logLevel).child({ shard: message.shardId });
  const shard = startShard(message.config, { tell, log, exit, die });
  process.on("message", (next: ToShard) => shard.told(next));
  process.once("disconnect", () => shard.orphaned());
});
