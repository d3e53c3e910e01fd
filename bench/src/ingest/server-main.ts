/** Program: the platform server over the Postgres in DATABASE_URL, without LiveKit; prints its port. */
import { readServerConfig, startServer } from "@parley/server";
import { openStore } from "@parley/store";

const config = readServerConfig(process.env);
if (config.databaseUrl === null) throw new Error("it needs DATABASE_URL");
const silent = { debug() {}, info() {}, warn: console.warn, error: console.error };
const store = await openStore({ url: config.databaseUrl, log: silent });
const server = await startServer({
  config,
  livekit: null,
  store,
  agents: [{ name: "bench", title: "bench", description: "", demo: false }],
});
console.log(`listening on ${server.port}`);
