import { type AddressInfo, createServer } from "node:net";

/** An address on loopback at which connections are refused. */
export async function refusingUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return `ws://127.0.0.1:${port}`;
}
