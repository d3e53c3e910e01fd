import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { silentLog } from "../log.ts";
import { test, until } from "../test/uplink-test.ts";

test("a wrong key is answered 401, and both ends name PARLEY_WORKER_KEY", async ({ serve, ship, refusal }) => {
  const said: string[] = [];
  const warn = (_fields: object, message: string) => said.push(message);
  const { url, uplinks } = await serve({ log: { ...silentLog, warn } });
  const workerSaid: string[] = [];
  await ship(url, { key: "wrong", log: { ...silentLog, warn: (_f, message) => workerSaid.push(message) } });
  await until(() => expect(workerSaid).toHaveLength(1));
  expect(workerSaid[0]).toContain("PARLEY_WORKER_KEY");
  expect(said[0]).toContain("PARLEY_WORKER_KEY");
  expect(uplinks.peers()).toEqual([]);
  expect(await refusal(url)).toBe(401);
});

test("an address where no Parley server is gets named, with what it answered", async ({ ship, onEnd }) => {
  const other = createServer();
  other.on("upgrade", (_request, socket) => {
    // The worker may hang up first.
    socket.on("error", () => {});
    socket.end("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onEnd(() => new Promise((resolve) => other.close(resolve)));
  const said: string[] = [];
  const warn = (_fields: object, message: string) => said.push(message);
  await ship(`http://127.0.0.1:${(other.address() as AddressInfo).port}`, { log: { ...silentLog, warn } });
  await until(() => expect(said).toEqual([expect.stringMatching(/500.*BACKEND_URL/)]));
});
