import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { ParleyError } from "@parley/engine";
import { readServerConfig, type ServerConfig } from "@parley/server";
import { port, readSettings } from "@parley/settings";
import { z } from "zod";

const startSettings = z.object({
  PARLEY_LIVEKIT_PORT: port("of the embedded LiveKit server").default(7880),
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

/**
 * The same with every port known: the parts must know each other's before they are up. A port that is taken stops the
 * start here, before anything is begun.
 * @throws ParleyError `port-in-use`
 */
export async function withPorts(config: StartConfig): Promise<StartConfig> {
  const { host } = config.server;
  const [known, loopbackPort, livekitPort] = await Promise.all([
    free(config.server.port, host, "PARLEY_PORT"),
    config.server.tls ? free(0, "127.0.0.1", "PARLEY_PORT") : 0,
    // The embedded server may have been left running by a kill, and is then taken over with its port.
    config.livekitPort === 0 ? free(0, "127.0.0.1", "PARLEY_LIVEKIT_PORT") : config.livekitPort,
  ]);
  return { server: { ...config.server, port: known, loopbackPort }, livekitPort };
}

/** Where the parts of this machine find the server, without TLS. */
export function ownAddress({ tls, port, loopbackPort }: ServerConfig): string {
  return `http://127.0.0.1:${tls ? loopbackPort : port}`;
}

function free(wanted: number, host: string, setting: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const what =
        cause.code === "EADDRINUSE" ? "is in use; stop what listens on it, or choose another" : cause.message;
      const message = `${setting}=${wanted}: the port ${what}`;
      reject(new ParleyError(message, { code: "port-in-use", category: "configuration", cause }));
    });
    server.listen(wanted, host, () => {
      const { port: given } = server.address() as AddressInfo;
      server.close(() => resolve(given));
    });
  });
}
