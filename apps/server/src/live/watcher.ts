import type { Clock } from "@parley/engine";
import type { WebSocket } from "ws";
import { type CallOrder, callOrder } from "../control/orders.ts";
import { HttpProblem } from "../http/problem.ts";
import type { Sink } from "./follower.ts";

/** Not yet taken by the client's side; beyond it the reader is too slow. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Whoever is behind by so much is told only what is stored. */
const MAX_BEHIND_BYTES = 64 * 1024;
const PING_MS = 15_000;
const CLOSE_MS = 2_000;
const MAX_ORDERS_AT_ONCE = 8;

// Close codes: RFC 6455, 7.4; from 4000 on our own.
const NORMAL = 1000;
const GOING = 1001;
const TOO_SLOW = 4008;
const NO_LONGER_ALLOWED = 4401;

export interface WatcherOptions {
  clock: Clock;
  maxBufferedBytes?: number;
  /** Carries out what the client asks for; null: it may only watch. Rejects with HttpProblem. */
  carryOut: ((order: CallOrder) => Promise<Record<string, unknown>>) | null;
  /** The socket is gone. */
  gone(): void;
}

/** One who watches a call by WebSocket: facts out, orders in. */
export function watcher(socket: WebSocket, options: WatcherOptions): Sink {
  const { clock, maxBufferedBytes = MAX_BUFFERED_BYTES, carryOut } = options;
  let isAlive = true;
  let running = 0;
  let cancelPing = (): void => {};

  function close(code: number, reason: string): void {
    cancelPing();
    socket.close(code, reason);
    clock.after(CLOSE_MS, () => socket.terminate());
  }

  function send(text: string): Promise<void> {
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    if (socket.bufferedAmount > maxBufferedBytes) {
      close(TOO_SLOW, "too slow: open it again with afterSeq");
      return Promise.resolve();
    }
    return new Promise((resolve) => socket.send(text, () => resolve()));
  }

  function ping(): void {
    cancelPing = clock.after(PING_MS, () => {
      if (!isAlive) return socket.terminate();
      isAlive = false;
      socket.ping();
      ping();
    });
  }

  async function asked(data: string): Promise<void> {
    let id: unknown;
    try {
      const message = parse(data);
      const { id: given, ...rest } = message;
      id = typeof given === "string" || typeof given === "number" ? given : undefined;
      const order = read(rest);
      if (carryOut === null) throw new HttpProblem(403, "control-not-permitted", "This may only watch: see control.");
      if (running >= MAX_ORDERS_AT_ONCE)
        throw new HttpProblem(429, "control-too-often", `At most ${MAX_ORDERS_AT_ONCE} requests at once.`);
      running += 1;
      try {
        await answer(id, { ok: true, ...(await carryOut(order)) });
      } finally {
        running -= 1;
      }
    } catch (error) {
      const told =
        error instanceof HttpProblem
          ? { status: error.status, code: error.code, detail: error.message }
          : { status: 500, code: "internal" };
      await answer(id, { ok: false, ...told });
    }
  }

  const answer = (id: unknown, body: object): Promise<void> => send(JSON.stringify({ type: "answer", id, ...body }));

  socket.on("message", (data, isBinary) => void asked(isBinary ? "" : String(data)));
  socket.on("pong", () => {
    isAlive = true;
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    cancelPing();
    options.gone();
  });
  ping();

  return {
    facts: (json) => send(`{"type":"facts","facts":${json}}`),
    interim(json) {
      if (socket.bufferedAmount < MAX_BEHIND_BYTES) void send(`{"type":"interim",${json.slice(1)}`);
    },
    caughtUp: () => void send('{"type":"live"}'),
    over(why) {
      if (why === "call-ended") close(NORMAL, "the call has ended");
      else if (why === "key-gone") close(NO_LONGER_ALLOWED, "the key is no longer good");
      else close(GOING, "the server stops");
    },
  };
}

function parse(data: string): Record<string, unknown> {
  try {
    const message: unknown = JSON.parse(data);
    if (typeof message === "object" && message !== null) return message as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new HttpProblem(400, "request-invalid", 'Messages are JSON, as {"type": "say", "id": "1", "text": "…"}.');
}

function read(message: Record<string, unknown>): CallOrder {
  const order = callOrder.safeParse(message);
  if (order.success) return order.data;
  const [issue] = order.error.issues;
  throw new HttpProblem(400, "request-invalid", `${issue?.path.join(".") || "type"}: ${issue?.message}`);
}
