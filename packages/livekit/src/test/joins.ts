/** Program: joins rooms and leaves them again; tells its parent how much memory of its own it has meanwhile. */
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { LiveKitTransport } from "../room/livekit-transport.ts";
import { mintAgentToken } from "../token/mint.ts";
import { KEY, SECRET } from "./live-server.ts";
import { RecordingSink } from "./recording-sink.ts";

const [url = "", warm = "0", more = "0"] = process.argv.slice(2);

async function join(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const token = await mintAgentToken({ apiKey: KEY, apiSecret: SECRET, room: "r", identity: "agent-x" });
    const transport = new LiveKitTransport({ url, token });
    await transport.open(new RecordingSink(), new AbortController().signal);
    await transport.close("done");
  }
}

/** Neither files nor what is shared: the heaps. The native library takes a room apart on threads of its own. */
async function ownKiB(): Promise<number> {
  await setTimeout(3_000);
  globalThis.gc?.();
  return Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync("/proc/self/smaps_rollup", "utf8"))?.[1]);
}

await join(Number(warm));
const before = await ownKiB();
await join(Number(more));
const after = await ownKiB();
process.send?.({ grownKiB: after - before }, () => process.exit(0));
