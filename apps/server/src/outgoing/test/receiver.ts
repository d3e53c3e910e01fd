import { createServer, type IncomingHttpHeaders } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { elsewhere } from "./certificate.ts";

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Somebody else's server on loopback; the path says how it behaves. */
export interface Receiver {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** The same by https, with the certificate of another host. */
  secureUrl: string;
  received: Received[];
  /** What it answers to /flaky until it is changed. */
  flakyStatus: number;
  /** What it answers to /json. */
  json: string;
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const sockets = new Set<Socket>();
  const receiver = { received: [] as Received[], flakyStatus: 500, json: "{}" } as Receiver;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const path = request.url ?? "";
    receiver.received.push({ path, headers: request.headers, body });
    if (path.startsWith("/hang")) return;
    if (path.startsWith("/slow")) {
      response.writeHead(200);
      const drip = setInterval(() => response.write("."), 50);
      response.on("close", () => clearInterval(drip));
    } else if (path.startsWith("/endless")) {
      response.writeHead(200);
      const flood = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        if (!response.destroyed) response.once("drain", flood);
      };
      flood();
    } else if (path.startsWith("/garbage")) request.socket.end("SSH-2.0-not-http\r\n\r\n");
    else if (path.startsWith("/half")) {
      response.writeHead(200, { "content-length": 100 });
      response.write("half");
      setImmediate(() => request.socket.destroy());
    } else if (path.startsWith("/redirect")) response.writeHead(302, { location: `${receiver.url}/ok/stolen` }).end();
    else if (path.startsWith("/gone")) response.writeHead(410).end();
    else if (path.startsWith("/500")) response.writeHead(500).end("no");
    else if (path.startsWith("/flaky")) response.writeHead(receiver.flakyStatus).end();
    else if (path.startsWith("/json")) response.writeHead(200).end(receiver.json);
    else response.writeHead(204).end();
  });
  const secure = createSecure(elsewhere, (_request, response) => void response.writeHead(204).end());
  for (const one of [server, secure]) {
    one.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => undefined);
    });
    one.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  }
  const portOf = (one: typeof server | typeof secure) => (one.address() as AddressInfo).port;
  receiver.url = `http://127.0.0.1:${portOf(server)}`;
  receiver.secureUrl = `https://localhost:${portOf(secure)}`;
  receiver.close = async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all([server, secure].map((one) => new Promise((resolve) => one.close(resolve))));
  };
  return receiver;
}
