import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { readServerConfig, type ServerConfig } from "@parley/server";
import { readSettings } from "@parley/worker/settings";
import { z } from "zod";

const PORT_FIX = "must be a port from 0 to 65535 (of the embedded LiveKit server; 0 takes any free one)";

const startSettings = z.object({
  PARLEY_LIVEKIT_PORT: z
    .string()
    .regex(/^\d{1,5}$/, { error: PORT_FIX })
    .transform(Number)
    .refine((value) => value <= 65_535, { error: PORT_FIX })
    .default(7880),
});

export interface StartConfig {
  /** What is null in it (LiveKit, database) is started beside; in production it is never null. */
  server: ServerConfig;
  /** Of the embedded LiveKit server. */
  livekitPort: number;
}

/**
 * What is given and what is to be embedded. In production nothing is embedded: what is missing is named.
 * @throws ParleyError `bad-configuration`
 */
export function readStartConfig(env: NodeJS.ProcessEnv): StartConfig {
  const server = readServerConfig(env);
  return { server, livekitPort: readSettings(startSettings, env).PARLEY_LIVEKIT_PORT };
}

/** The same with every port known: the parts must know each other's before they are up. */
export async function withPorts(config: StartConfig): Promise<StartConfig> {
  const [port, livekitPort] = await Promise.all([known(config.server.port), known(config.livekitPort)]);
  return { server: { ...config.server, port }, livekitPort };
}

function known(port: number): Promise<number> {
  if (port !== 0) return Promise.resolve(port);
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    });
  });
}
