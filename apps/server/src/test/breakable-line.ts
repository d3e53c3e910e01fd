import { connect, createServer, type Socket } from "node:net";

export interface BreakableLine {
  url: string;
  /** Every connection dies without a word, as when the process or the cable does; none is let through for `forMs`. */
  cut(forMs?: number): void;
  /** From now on it leads to another port, as a load balancer does when a server is gone. */
  leadTo(port: number): void;
  close(): Promise<void>;
}

/** A way to the server's port that can be cut. */
export async function breakableLine(port: number): Promise<BreakableLine> {
  const open = new Set<Socket>();
  let cutUntilMs = 0;
  let leadsTo = port;
  const server = createServer((client) => {
    if (performance.now() < cutUntilMs) return void client.destroy();
    const upstream = connect(leadsTo, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on("error", () => undefined);
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const cut = (forMs = Number.POSITIVE_INFINITY) => {
    cutUntilMs = performance.now() + forMs;
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    cut,
    leadTo(other) {
      leadsTo = other;
    },
    close() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
