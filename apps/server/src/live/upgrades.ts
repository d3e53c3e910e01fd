import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type WebSocket, WebSocketServer } from "ws";
import { HttpProblem } from "../http/problem.ts";

const LIVE = /^\/api\/calls\/[^/]+\/live$/;

/** Upgrades that are routes of the app: every hook of it looks at them, and a refusal is an answer like any other. */
export interface Upgrades {
  /** False: it is not for us. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** In a route's handler: from here on it is a WebSocket. Throws HttpProblem 426 when none was asked for. */
  accept(request: FastifyRequest, reply: FastifyReply): Promise<WebSocket>;
}

/** `maxPayload`: of what a client may say at once, bytes. */
export function liveUpgrades(maxPayload: number): Upgrades & { serve(app: FastifyInstance): void } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false });
  const waiting = new WeakMap<IncomingMessage, { socket: Socket; head: Buffer; response: ServerResponse }>();
  let app: FastifyInstance | null = null;

  return {
    serve(served) {
      app = served;
    },
    take(request, duplex, head) {
      if (app === null || !LIVE.test((request.url ?? "").split("?")[0] ?? "")) return false;
      const socket = duplex as Socket;
      socket.on("error", () => socket.destroy());
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.on("finish", () => socket.end());
      waiting.set(request, { socket, head, response });
      app.routing(request, response);
      return true;
    },
    accept({ raw }, reply) {
      const upgrade = waiting.get(raw);
      if (upgrade === undefined) {
        const detail = "This address is a WebSocket: open it as ws:// or wss://.";
        throw new HttpProblem(426, "websocket-wanted", detail, { upgrade: "websocket" });
      }
      const { socket, head, response } = upgrade;
      reply.hijack();
      response.detachSocket(socket);
      return new Promise((resolve, reject) => {
        // A handshake that is no good is answered by ws itself.
        socket.once("close", () => reject(new Error("the client went away")));
        sockets.handleUpgrade(raw, socket, head, resolve);
      });
    },
  };
}
