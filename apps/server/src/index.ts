export { readServerConfig, type ServerConfig } from "./config.ts";
export type { AgentCard } from "./page-config/schema.ts";
export { type RunningServer, type ServerOptions, startServer } from "./server.ts";
