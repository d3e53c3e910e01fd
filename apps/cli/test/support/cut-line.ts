import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A line to another address of this machine that can be cut. */
export interface CutLine {
  readonly url: string;
  /** Where it leads; null: nowhere, and whoever was on it is thrown off. */
  lead(url: string | null): void;
  close(): void;
}

export async function cutLine(): Promise<CutLine> {
  const open = new Set<Socket>();
  let port: number | null = null;
  const server = createServer((near) => {
    if (port === null) return void near.destroy();
    const far = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const lead: CutLine["lead"] = (url) => {
    port = url === null ? null : Number(new URL(url).port);
    if (port === null) for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lead,
    close() {
      lead(null);
      server.close();
    },
  };
}
