import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

const MOST_WAIT_MS = 200;
/** Of IP and UDP. */
const HEADER_BYTES = 28;

/** A way to a livekit-server on which packets get lost, for whoever joins by its `url`. */
export interface LossyLine {
  url: string;
  /** Of the packets towards the server and towards the client, 0 to 1. May be changed at any time. */
  loss: { up: number; down: number };
  /** Towards the client. More waits its turn, and is lost where it would wait for too long. */
  downBps: number;
  carried: { up: number; down: number };
  dropped: { up: number; down: number };
  close(): void;
}

/**
 * The client is told of the proxy's port in place of the server's, and the server of none of the client's, so that every
 * packet between them, of ICE, DTLS and sound alike, comes through here. Ports have five digits each: what is said of
 * them in a message keeps its length.
 */
export async function lossyLine(server: { url: string; udpPort: number }): Promise<LossyLine> {
  const loss = { up: 0, down: 0 };
  const carried = { up: 0, down: 0 };
  const dropped = { up: 0, down: 0 };
  const isLost = (way: "up" | "down"): boolean => {
    const lost = Math.random() < loss[way];
    (lost ? dropped : carried)[way]++;
    return lost;
  };

  let freeAt = 0;
  /** How long a packet waits for those before it; null: it is lost. */
  const waitMs = (bytes: number): number | null => {
    const now = performance.now();
    const from = Math.max(now, freeAt);
    if (from - now > MOST_WAIT_MS) return null;
    freeAt = from + ((bytes + HEADER_BYTES) * 8000) / line.downBps;
    return freeAt - now;
  };

  const near = createSocket("udp4");
  near.bind(0, "127.0.0.1");
  await once(near, "listening");
  const far = new Map<string, Socket>();
  const farSocket = (client: RemoteInfo): Socket => {
    const key = `${client.address}:${client.port}`;
    const known = far.get(key);
    if (known) return known;
    const socket = createSocket("udp4");
    socket.on("message", (packet) => {
      if (isLost("down")) return;
      if (line.downBps === Number.POSITIVE_INFINITY) return near.send(packet, client.port, client.address);
      const delayMs = waitMs(packet.length);
      if (delayMs === null) dropped.down++;
      else setTimeout(() => !closed && near.send(packet, client.port, client.address), delayMs);
    });
    far.set(key, socket);
    return socket;
  };
  near.on("message", (packet, client) => {
    if (!isLost("up")) farSocket(client).send(packet, server.udpPort, "127.0.0.1");
  });

  const ports = { server: String(server.udpPort), near: String(near.address().port) };
  if (ports.server.length !== ports.near.length)
    throw new Error(`ports ${ports.server} and ${ports.near} differ in length`);
  const toClient = (text: string) => text.replaceAll(` ${ports.server} typ `, ` ${ports.near} typ `);
  const toServer = (text: string) =>
    text.replace(/ (\d+) typ /g, (_, port: string) => ` ${"9".padStart(port.length, "0")} typ `);

  const http = createServer((_, response) => response.writeHead(404).end());
  const clients = new WebSocketServer({ server: http });
  clients.on("connection", (client, request) => {
    const upstream = new WebSocket(server.url + request.url, {
      headers: request.headers.authorization ? { authorization: request.headers.authorization } : {},
    });
    relay(client, upstream, toServer);
    relay(upstream, client, toClient);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  let closed = false;
  const line: LossyLine = {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    loss,
    downBps: Number.POSITIVE_INFINITY,
    carried,
    dropped,
    close() {
      closed = true;
      for (const client of clients.clients) client.terminate();
      clients.close();
      http.close();
      near.close();
      for (const socket of far.values()) socket.close();
    },
  };
  return line;
}

function relay(from: WebSocket, to: WebSocket, rewrite: (text: string) => string): void {
  const waiting: [Buffer, boolean][] = [];
  const send = (data: Buffer, binary: boolean) => {
    if (to.readyState === WebSocket.OPEN) to.send(data, { binary });
  };
  to.once("open", () => {
    for (const [data, binary] of waiting.splice(0)) send(data, binary);
  });
  from.on("message", (data, binary) => {
    const rewritten = Buffer.from(rewrite((data as Buffer).toString("latin1")), "latin1");
    if (to.readyState === WebSocket.CONNECTING) waiting.push([rewritten, binary]);
    else send(rewritten, binary);
  });
  from.on("close", () => to.close());
  from.on("error", () => to.terminate());
}
