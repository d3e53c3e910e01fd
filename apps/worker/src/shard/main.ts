/** The entry of a shard process: it is told over IPC what to load and which calls to run. */
import type { AgentSummary, FromShard, ToShard } from "../messages.ts";
import type { Shard } from "./shard.ts";

// A terminal's Ctrl-C reaches the whole process group; the supervisor alone decides when calls end.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

/** Until the agent is known, or cannot be; null while there is none to be found. */
let finding: Promise<void> | null = null;

// What every shard needs is loaded while the supervisor still reads its settings; what finds the agent comes first, since
// the worker registers as soon as it is known who it is.
const loadingAgents = Promise.all([
  import("./agent.ts"),
  import("./ask-for-agents.ts"),
  import("./stray.ts"),
  import("../log.ts"),
]);
const loadingShard = loadingAgents.then(async () => {
  await turnOfTheLoop();
  await finding;
  return import("./shard.ts");
});

let told = Promise.resolve();

const tell = (message: FromShard): void => {
  if (process.connected) told = new Promise((resolve) => process.send?.(message, () => resolve()));
};

/** What was told last is out before the process goes. */
const exit = (code: number): void => void told.then(() => process.exit(code));

const die = (): void => void process.kill(process.pid, "SIGKILL");

let shard: Shard | undefined;

async function boot({ config, shardId }: Extract<ToShard, { type: "boot" }>): Promise<Shard> {
  const found = Promise.withResolvers<void>();
  if (config.agentFile !== null) finding = found.promise;
  const [{ loadShardAgent }, { askForAgents }, { catchStrayErrors }, { createLog }] = await loadingAgents;
  const log = createLog("shard", config.logLevel).child({ shard: shardId });
  catchStrayErrors(log, (why) => {
    log.fatal(why);
    exit(1);
  });
  const asking = askForAgents(tell);
  const named = (agent: AgentSummary): void => {
    tell({ type: "named", agent });
    found.resolve();
  };
  const agent = loadShardAgent(config, log, { ask: asking.ask, named });
  // The shard, which waits for it, tells of its failure.
  agent.catch(() => {}).finally(found.resolve);
  const { startShard } = await loadingShard;
  shard = startShard(config, { agent, asking, tell, log, exit, die });
  return shard;
}

process.once("message", (message: ToShard) => {
  if (message.type !== "boot") throw new TypeError(`a shard is booted before it is told to ${message.type}`);
  const booted = boot(message);
  booted.catch((error: unknown) => {
    console.error(error);
    exit(1);
  });
  process.on("message", async (next: ToShard) => (await booted).told(next));
});

// Without a supervisor a shard that has not begun has nothing to do.
process.once("disconnect", () => (shard ? shard.orphaned() : process.exit(1)));

/** Until what has come by now, a message among it, has been looked at. */
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
