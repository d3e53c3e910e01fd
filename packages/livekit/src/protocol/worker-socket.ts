import type { IncomingMessage } from "node:http";
import { type RegisterWorkerRequest, ServerMessage, WorkerMessage, WorkerPing } from "@livekit/protocol";
import type { Clock } from "@parley/engine";
import { ParleyError } from "@parley/engine/error";
import WebSocket, { type RawData } from "ws";

type Outgoing = Exclude<WorkerMessage["message"], { case: undefined }>;
type Incoming = Exclude<ServerMessage["message"], { case: undefined }>;

export interface WorkerSocketOptions {
  url: string;
  token: string;
  registration: RegisterWorkerRequest;
  clock: Clock;
  /** For the connection and the registration together. */
  openTimeoutMs: number;
  pingMs: number;
  /** Nothing heard for so long means that the other side is dead. */
  deadAfterMs: number;
  signal: AbortSignal;
  onMessage(message: Incoming): void;
  /** Called once, after the socket was registered and then ended, whoever ended it. */
  onEnd(reason: string): void;
}

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** One registered connection to livekit-server's agent endpoint. */
export class WorkerSocket {
  readonly workerId: string;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, workerId: string) {
    this.#socket = socket;
    this.workerId = workerId;
  }

  /** Connects and registers. Throws ParleyError: `livekit-unauthorised`, `livekit-unreachable`, `livekit-timeout`. */
  static open(options: WorkerSocketOptions): Promise<WorkerSocket> {
    const { url, clock, signal } = options;
    const endpoint = agentEndpoint(url);
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(endpoint, {
        headers: { authorization: `Bearer ${options.token}` },
        maxPayload: MAX_MESSAGE_BYTES,
      });
      let registered: WorkerSocket | null = null;
      let lastHeard = clock.now();
      let stopPing = () => {};

      const settle = () => {
        stopTimer();
        signal.removeEventListener("abort", onAbort);
      };
      const fail = (error: ParleyError) => {
        settle();
        socket.terminate();
        reject(error);
      };
      const onAbort = () => fail(problem(url, "was not registered with: stopped", "cancelled", "worker-closed"));
      const stopTimer = clock.after(options.openTimeoutMs, () =>
        fail(problem(url, `did not register the worker within ${options.openTimeoutMs} ms`, "timeout")),
      );
      signal.addEventListener("abort", onAbort, { once: true });

      const ping = () => {
        if (clock.now() - lastHeard > options.deadAfterMs) {
          socket.terminate();
          return;
        }
        registered?.send({ case: "ping", value: new WorkerPing({ timestamp: BigInt(Math.round(clock.wall())) }) });
        stopPing = clock.after(options.pingMs, ping);
      };
      socket.on("open", () => write(socket, { case: "register", value: options.registration }));
      socket.on("unexpected-response", (request, response: IncomingMessage) => {
        request.destroy();
        fail(refused(url, response.statusCode ?? 0));
      });
      // After registration an error is always followed by `close`, which says the rest.
      socket.on("error", (error) => {
        if (!registered) fail(problem(url, `could not be reached: ${error.message}`, "network"));
      });
      socket.on("message", (data) => {
        lastHeard = clock.now();
        const message = decode(data);
        if (message?.case === "register" && !registered) {
          settle();
          registered = new WorkerSocket(socket, message.value.workerId);
          stopPing = clock.after(options.pingMs, ping);
          resolve(registered);
        } else if (message && registered) {
          options.onMessage(message);
        }
      });
      socket.on("close", (code, reason) => {
        stopPing();
        const why = `closed with ${code}${reason.length > 0 ? ` (${reason.toString()})` : ""}`;
        if (registered) options.onEnd(why);
        else fail(problem(url, `${why} before the worker was registered`, "network"));
      });
      if (signal.aborted) onAbort();
    });
  }

  /** Does nothing once the socket is not open any more: whoever cares has heard onEnd. */
  send(message: Outgoing): void {
    write(this.#socket, message);
  }

  close(): void {
    this.#socket.close(1000);
  }

  /** Ends it without waiting for the other side. */
  terminate(): void {
    this.#socket.terminate();
  }
}

function write(socket: WebSocket, message: Outgoing): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  socket.send(new WorkerMessage({ message }).toBinary(), () => {});
}

function decode(data: RawData): Incoming | null {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data);
  try {
    const { message } = ServerMessage.fromBinary(bytes);
    return message.case === undefined ? null : message;
  } catch {
    return null;
  }
}

/** `ws(s)://host/agent?protocol=1`; a path in the URL is kept in front. */
export function agentEndpoint(url: string): string {
  const endpoint = new URL(url);
  endpoint.protocol = endpoint.protocol.replace(/^http/, "ws");
  endpoint.pathname = `${endpoint.pathname.replace(/\/$/, "")}/agent`;
  endpoint.searchParams.set("protocol", "1");
  return endpoint.toString();
}

function refused(url: string, status: number): ParleyError {
  if (status === 401 || status === 403) {
    return new ParleyError(
      `LiveKit at ${url} does not accept this worker's key (${status}). Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET: ` +
        "they must be a pair from the server's configuration.",
      { code: "livekit-unauthorised", category: "unauthorised" },
    );
  }
  return problem(url, `answered ${status} instead of taking the worker; check LIVEKIT_URL`, "network");
}

function problem(
  url: string,
  what: string,
  category: "network" | "timeout" | "cancelled",
  code = category === "timeout" ? "livekit-timeout" : "livekit-unreachable",
): ParleyError {
  return new ParleyError(`LiveKit at ${url} ${what}.`, { code, category, retryable: category !== "cancelled" });
}
