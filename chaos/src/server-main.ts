/** Program: the Parley server alone, as one process that can be killed. Settings from the environment. */
import { readServerConfig, startServer } from "@parley/server";
import { openStore } from "@parley/store";

const config = readServerConfig(process.env);
if (!config.livekit || !config.databaseUrl) throw new Error("it needs LIVEKIT_URL with its keys, and DATABASE_URL");
const name = process.env.CHAOS_AGENT ?? "chaos";
const store = await openStore({ url: config.databaseUrl });
await startServer({
  config,
  livekit: config.livekit,
  store,
  agents: [{ name, title: name, description: "", demo: false }],
});
console.log("server up");
