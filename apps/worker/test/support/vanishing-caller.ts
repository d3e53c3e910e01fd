/** Program: a caller who stays until it is killed. Its arguments are a server's address and a token. */
import { SimulatedCaller } from "@parley/livekit";

const [url = "", token = ""] = process.argv.slice(2);
const caller = await SimulatedCaller.join({ url, token });
await caller.onset(0, 30_000);
await caller.quiet();
process.send?.("greeted");
