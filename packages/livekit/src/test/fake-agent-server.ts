import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  AvailabilityRequest,
  Job,
  RegisterWorkerResponse,
  Room,
  ServerMessage,
  WorkerMessage,
  WorkerPong,
} from "@livekit/protocol";
import { type WebSocket, WebSocketServer } from "ws";

type FromWorker = Exclude<WorkerMessage["message"], { case: undefined }>;

/** The server's half of the agent protocol on loopback, for what a healthy livekit-server never does. */
export class FakeAgentServer {
  readonly received: FromWorker[] = [];
  readonly requests: IncomingMessage[] = [];
  sockets: WebSocket[] = [];
  /** Answer registrations; off plays a server that hangs. */
  registers = true;
  /** Answer pings; off plays a dead peer behind a live socket. */
  pongs = true;
  readonly #server: WebSocketServer;
  #waiting: { matches: (message: FromWorker) => boolean; resolve: (message: FromWorker) => void }[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket, request) => {
      this.requests.push(request);
      this.sockets.push(socket);
      socket.on("message", (data) => this.#receive(socket, new Uint8Array(data as Buffer)));
    });
  }

  static async start(verify: () => boolean = () => true): Promise<FakeAgentServer> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", verifyClient: verify });
    await new Promise((ready) => server.once("listening", ready));
    return new FakeAgentServer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  send(message: Exclude<ServerMessage["message"], { case: undefined }>): void {
    this.sockets.at(-1)?.send(new ServerMessage({ message }).toBinary());
  }

  offer(id: string): void {
    const job = new Job({ id, room: new Room({ name: "room", sid: "RM_1", metadata: "{}" }), agentName: "shop" });
    this.send({ case: "availability", value: new AvailabilityRequest({ job }) });
  }

  /** The next (or an earlier, unclaimed) message of this kind. */
  next<C extends FromWorker["case"]>(kind: C): Promise<Extract<FromWorker, { case: C }>["value"]> {
    const matches = (message: FromWorker) => message.case === kind;
    const index = this.received.findIndex(matches);
    if (index >= 0) return Promise.resolve(this.received.splice(index, 1)[0]!.value as never);
    return new Promise((resolve) => {
      this.#waiting.push({ matches, resolve: (message) => resolve(message.value as never) });
    });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    await new Promise((closed) => this.#server.close(closed));
  }

  #receive(socket: WebSocket, data: Uint8Array): void {
    const { message } = WorkerMessage.fromBinary(data);
    if (message.case === undefined) return;
    if (message.case === "register" && this.registers) {
      const value = new RegisterWorkerResponse({ workerId: `AW_${this.sockets.length}` });
      socket.send(new ServerMessage({ message: { case: "register", value } }).toBinary());
    }
    if (message.case === "ping" && this.pongs) {
      socket.send(new ServerMessage({ message: { case: "pong", value: new WorkerPong() } }).toBinary());
    }
    const waiting = this.#waiting.findIndex((candidate) => candidate.matches(message));
    if (waiting >= 0) this.#waiting.splice(waiting, 1)[0]!.resolve(message);
    else this.received.push(message);
  }
}
