/** Program: one replica of the server, as a process that can be killed; its lease timings as JSON. Prints its port. */
import { openStore } from "@parley/store";
import pino from "pino";
import { readServerConfig } from "../config.ts";
import { startServer } from "../server.ts";

const config = readServerConfig(process.env);
const store = await openStore({ url: config.databaseUrl ?? "" });
const server = await startServer({
  config,
  livekit: config.livekit,
  store,
  agents: [{ name: "front-desk", title: "Front desk", description: "", demo: true }],
  log: pino({ level: "silent" }),
  leases: JSON.parse(process.argv[2] ?? "{}"),
});
console.log(`listening on ${server.port}`);
