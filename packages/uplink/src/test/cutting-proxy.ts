import { connect, createServer, type Socket } from "node:net";

export interface CuttingProxy {
  url: string;
  /** Connections it has cut. */
  cuts: number;
  close(): Promise<void>;
}

/** Forwards to `port`; each connection is cut dead after as many bytes as `limits` says, in that direction. */
export async function cuttingProxy(
  port: number,
  limits: (connection: number) => { upBytes: number; downBytes: number },
): Promise<CuttingProxy> {
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const { upBytes, downBytes } = limits(connections);
    connections += 1;
    const upstream = connect(port, "127.0.0.1");
    let wasCut = false;
    const cut = () => {
      client.destroy();
      upstream.destroy();
      open.delete(client);
      open.delete(upstream);
    };
    const forward = (from: Socket, to: Socket, limit: number) => {
      let left = limit;
      from.on("data", (data) => {
        const part = data.subarray(0, left);
        left -= part.length;
        if (left > 0) to.write(part);
        else {
          if (!wasCut) proxy.cuts += 1;
          wasCut = true;
          // The last bytes do arrive: a frame may be cut anywhere.
          to.write(part, cut);
        }
      });
      from.on("error", cut);
      from.on("close", cut);
    };
    open.add(client).add(upstream);
    forward(client, upstream, upBytes);
    forward(upstream, client, downBytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    cuts: 0,
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
