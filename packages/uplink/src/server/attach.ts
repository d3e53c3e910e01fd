import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { silentLog } from "../log.ts";
import { MAX_MESSAGE_BYTES, UPLINK_PATH } from "../messages.ts";
import { type AcceptOptions, acceptUplink } from "./accept.ts";
import type { UplinkPeer } from "./peer.ts";

export interface AttachOptions extends Omit<AcceptOptions, "keyName"> {
  /** The name of a worker's key, or null when it is not good. */
  authenticate(key: string): Promise<string | null>;
  /** Default 1,000. */
  maxWorkers?: number;
  /** WebSockets at other paths; true: it is taken care of. Default: there are none. */
  elsewhere?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

export interface UplinkServer {
  /** The workers that are connected now. */
  peers(): UplinkPeer[];
  /** Idempotent: says goodbye, and waits until what was received is stored, 5 s at most. */
  close(): Promise<void>;
}

const AUTHENTICATE_MS = 5_000;
const CLOSE_MS = 5_000;

/** Takes workers' lines on an HTTP server, at /uplink; an upgrade that nobody wants is answered 404. */
export function attachUplink(server: Server, options: AttachOptions): UplinkServer {
  const { authenticate, maxWorkers = 1_000, log = silentLog } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  const peers = new Set<UplinkPeer>();
  let closing: Promise<void> | undefined;

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    const path = (request.url ?? "").split("?")[0];
    if (path !== UPLINK_PATH && options.elsewhere?.(request, socket, head)) return;
    if (path !== UPLINK_PATH)
      return refuse(socket, "404 Not Found", "not-found", "There is no WebSocket at this path.");
    if (closing !== undefined || peers.size >= maxWorkers) {
      return refuse(socket, "503 Service Unavailable", "uplink-full", "No more workers are taken at the moment.");
    }
    const from = request.socket.remoteAddress;
    const key = /^Bearer (\S{1,512})$/.exec(request.headers.authorization ?? "")?.[1];
    let keyName: string | null = null;
    try {
      keyName = key === undefined ? null : await within(authenticate(key), AUTHENTICATE_MS);
    } catch (error) {
      log.error({ from, error: String(error) }, "a worker's key could not be checked");
      return refuse(
        socket,
        "503 Service Unavailable",
        "key-not-checked",
        "The key could not be checked. Try again later.",
      );
    }
    if (keyName === null) {
      log.warn({ from }, "a worker was refused: its PARLEY_WORKER_KEY is missing or not one that this server knows");
      return refuse(
        socket,
        "401 Unauthorized",
        "worker-key",
        "Set PARLEY_WORKER_KEY to the worker key that this server has.",
      );
    }
    const name = keyName;
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      const peer = acceptUplink(accepted, socket, { ...options, keyName: name });
      peers.add(peer);
      void peer.done.then(() => peers.delete(peer));
    });
  }

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(request, socket, head);
  server.on("upgrade", onUpgrade);

  return {
    peers: () => [...peers],
    close() {
      closing ??= (async () => {
        const all = [...peers];
        for (const peer of all) peer.close(1001, "the server stops");
        await Promise.race([Promise.all(all.map((peer) => peer.done)), sleepUnref(CLOSE_MS)]);
        server.removeListener("upgrade", onUpgrade);
        sockets.close();
      })();
      return closing;
    },
  };
}

/** An `authenticate` for one key from the configuration, in constant time. */
export function singleKey(name: string, expected: string): (key: string) => Promise<string | null> {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const wanted = digest(expected);
  return async (key) => (timingSafeEqual(digest(key), wanted) ? name : null);
}

function refuse(socket: Duplex, status: string, code: string, detail: string): void {
  const body = JSON.stringify({
    type: "about:blank",
    title: status.slice(4),
    status: Number(status.slice(0, 3)),
    detail,
    code,
  });
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function within<T>(task: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  return Promise.race([task, promise]).finally(() => clearTimeout(timer));
}

function sleepUnref(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
