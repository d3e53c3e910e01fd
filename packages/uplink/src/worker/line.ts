import type { IncomingMessage } from "node:http";
import WebSocket from "ws";
import { UplinkError } from "../error.ts";
import type { UplinkLog } from "../log.ts";
import {
  type FromServer,
  type FromWorker,
  MAX_MESSAGE_BYTES,
  PROTOCOL,
  parseFromServer,
  UPLINK_PATH,
} from "../messages.ts";

/** A server that is not heard of for that many heartbeats is gone, whatever the socket says. */
const SILENT_HEARTBEATS = 3;
/** Wrong key, wrong protocol: somebody has to do something first. */
const REFUSED_RETRY_MS = 15_000;
/** After a line that stood has broken: for so long it is tried often, as the server misses a worker after 700 ms. */
const QUICK_MS = 1_000;
/** A line has stood when it was up for that long; one that breaks at once each time is not worth the hurry. */
const STOOD_MS = 250;

export type Welcome = Extract<FromServer, { type: "welcome" }>;

export interface LineEvents {
  up(welcome: Welcome): void;
  message(message: Exclude<FromServer, Welcome>): void;
  down(): void;
  heartbeat(): void;
}

export interface LineOptions {
  url: string;
  key: string;
  worker: string;
  instance: string;
  agent: string | null;
  tools: readonly string[];
  log: UplinkLog;
  backoffMs: { first: number; longest: number };
  /** For the connection to stand, and again for the server to welcome us. */
  connectMs: number;
}

/** `ws://host/uplink` for a server's `http://host`. Throws UplinkError `backend-url-invalid`. */
export function uplinkUrl(backendUrl: string): string {
  try {
    const url = new URL(backendUrl);
    const protocol = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" }[url.protocol];
    if (protocol === undefined) throw new Error(`protocol ${url.protocol}`);
    const path = url.pathname.replace(/\/+$/, "");
    return `${protocol}//${url.host}${path.endsWith(UPLINK_PATH) ? path : path + UPLINK_PATH}`;
  } catch (cause) {
    throw new UplinkError(
      `BACKEND_URL (${backendUrl}) is not the address of a Parley server, such as http://127.0.0.1:8080.`,
      {
        code: "backend-url-invalid",
        category: "configuration",
        cause,
      },
    );
  }
}

/** The one connection to the server, made again for as long as it takes. */
export class Line {
  readonly #url: string;
  readonly #options: LineOptions;
  readonly #events: LineEvents;
  #socket: WebSocket | null = null;
  #isUp = false;
  #isClosed = false;
  #waitMs = 0;
  #upAtMs = 0;
  #quickUntilMs = 0;
  #retry: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #heardAt = 0;
  /** What was said last about not getting through; the same is not said again. */
  #complaint = "";

  constructor(options: LineOptions, events: LineEvents) {
    this.#url = uplinkUrl(options.url);
    this.#options = options;
    this.#events = events;
    this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Bytes that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  send(message: FromWorker): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** The other end misbehaves: begin anew. */
  restart(reason: string): void {
    this.#options.log.warn({ url: this.#url, reason }, "the uplink is connected anew");
    this.#socket?.terminate();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#socket?.close(1000, "worker closes");
    // A server that does not answer the closing handshake must not hold up the worker's end.
    const socket = this.#socket;
    if (socket !== null) setTimeout(() => socket.terminate(), 1_000).unref();
    this.#dropped();
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, {
      headers: { authorization: `Bearer ${this.#options.key}` },
      handshakeTimeout: this.#options.connectMs,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#socket = socket;
    const unwelcome = setTimeout(() => socket.terminate(), this.#options.connectMs);
    socket.on("open", () => {
      const { worker, instance, agent, tools } = this.#options;
      const hello: FromWorker = { type: "hello", protocol: PROTOCOL, worker, instance, agent, tools: [...tools] };
      socket.send(JSON.stringify(hello));
    });
    socket.on("message", (data, isBinary) => {
      this.#heardAt = Date.now();
      clearTimeout(unwelcome);
      this.#receive(socket, data, isBinary);
    });
    socket.on("pong", () => {
      this.#heardAt = Date.now();
    });
    let isRefused = false;
    socket.on("unexpected-response", (_request, response) => {
      isRefused = true;
      this.#refused(socket, response);
    });
    socket.on("error", (error) => {
      if (!isRefused) this.#complain(error.message);
    });
    socket.on("close", (code, reason) => {
      clearTimeout(unwelcome);
      if (code !== 1006) this.#complain(`closed by the server (${code}${reason.length > 0 ? `, ${reason}` : ""})`);
      if (socket === this.#socket) this.#dropped(code === 1006);
    });
  }

  #receive(socket: WebSocket, data: unknown, isBinary: boolean): void {
    if (socket !== this.#socket) return;
    let message: FromServer;
    try {
      message = parseFromServer(data, isBinary);
    } catch (error) {
      this.restart((error as Error).message);
      return;
    }
    if (message.type === "welcome") this.#welcomed(socket, message);
    else if (message.type === "error" && message.requestId === undefined)
      this.#complain(`${message.code}: ${message.message}`);
    else if (this.#isUp) {
      // Not at the welcome: a server that takes us in only to send us away must not be asked ever faster.
      if (message.type === "ack") this.#waitMs = 0;
      this.#events.message(message);
    }
  }

  #welcomed(socket: WebSocket, welcome: Welcome): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#upAtMs = performance.now();
    this.#complaint = "";
    this.#heartbeat = setInterval(() => {
      this.#waitMs = 0;
      if (Date.now() - this.#heardAt > welcome.leaseMs * SILENT_HEARTBEATS) {
        this.restart("the server is silent");
        return;
      }
      socket.ping();
      this.#events.heartbeat();
    }, welcome.leaseMs);
    this.#options.log.info({ url: this.#url }, "the uplink to the server is up");
    this.#events.up(welcome);
  }

  #refused(socket: WebSocket, response: IncomingMessage): void {
    const { statusCode = 0 } = response;
    response.resume();
    if (statusCode === 401 || statusCode === 403) {
      this.#complain(
        "the server does not know this worker's key: set PARLEY_WORKER_KEY to the key that the server has",
        statusCode,
      );
    } else {
      this.#complain(`the server answered ${statusCode}: is BACKEND_URL the address of a Parley server?`, statusCode);
    }
    // A server that starts, or is full, or whose database is away: it is soon another's turn.
    if (statusCode < 500) this.#waitMs = REFUSED_RETRY_MS;
    socket.terminate();
  }

  #complain(problem: string, status?: number): void {
    if (this.#isClosed || problem === this.#complaint) return;
    this.#complaint = problem;
    const fields = { url: this.#url, ...(status === undefined ? {} : { status }) };
    this.#options.log.warn(fields, `no uplink to the server (${problem}); call logs wait in their files`);
  }

  #dropped(wasBroken = false): void {
    clearInterval(this.#heartbeat);
    this.#socket = null;
    if (this.#isUp) {
      const now = performance.now();
      // Not after a goodbye: a server that sends us away wants to be left alone for a while.
      if (wasBroken && now - this.#upAtMs > STOOD_MS) {
        this.#quickUntilMs = now + QUICK_MS;
        this.#waitMs = 0;
      }
      this.#isUp = false;
      this.#events.down();
    }
    if (this.#isClosed) return;
    const { first, longest } = this.#options.backoffMs;
    const waitMs = Math.max(this.#waitMs, first);
    const longestMs = performance.now() < this.#quickUntilMs ? first * 2 : Math.max(longest, first);
    this.#waitMs = Math.min(waitMs * 2, longestMs);
    // Spread, so that a fleet does not come back at the same instant.
    this.#retry = setTimeout(() => this.#connect(), waitMs * (0.5 + Math.random() / 2));
  }
}
