import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { ParleyError } from "@parley/engine";
import type { ServerPorts } from "./config.ts";

/** Resolves to the port that was free on loopback (a port the system chose when 0 was asked), or null when it is taken. */
function freeTcpPort(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(null) : reject(error),
    );
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : port));
    });
  });
}

function freeUdpPort(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(null) : reject(error),
    );
    socket.bind({ address: "127.0.0.1", port, exclusive: true }, () => {
      const chosen = socket.address().port;
      socket.close(() => resolve(chosen));
    });
  });
}

export interface WantedPorts {
  /** 0 asks for any free one. */
  port: number;
  /** Undefined: two above `port`, or any free one when that is taken. */
  udpPort?: number | undefined;
  /** The name of the setting that changes `port`, for the error message. */
  portSetting: string;
}

/** The ports to start on. Throws ParleyError `livekit-port-in-use`, which names the port and the way out. */
export async function choosePorts(wanted: WantedPorts): Promise<ServerPorts> {
  const port = await freeTcpPort(wanted.port);
  if (port === null) throw portInUse(wanted.port, "tcp", wanted.portSetting);
  if (wanted.udpPort !== undefined && wanted.udpPort !== 0) {
    const udpPort = await freeUdpPort(wanted.udpPort);
    if (udpPort === null) throw portInUse(wanted.udpPort, "udp", "the UDP port");
    return { port, udpPort };
  }
  const neighbour = wanted.port === 0 || port + 2 > 65_535 ? null : await freeUdpPort(port + 2);
  const udpPort = neighbour ?? (await freeUdpPort(0));
  if (udpPort === null) throw portInUse(port + 2, "udp", "the UDP port");
  return { port, udpPort };
}

function portInUse(port: number, protocol: "tcp" | "udp", setting: string): ParleyError {
  const flag = protocol === "tcp" ? "t" : "u";
  return new ParleyError(
    `Port ${port}/${protocol}, which the embedded LiveKit server needs, is used by another program. ` +
      `End that program (\`ss -l${flag}np 'sport = :${port}'\` shows it) or choose another port with ${setting}.`,
    { code: "livekit-port-in-use", category: "configuration" },
  );
}
