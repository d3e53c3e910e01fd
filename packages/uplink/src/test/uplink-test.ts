import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as plainTest, vi } from "vitest";
import WebSocket from "ws";
import { type AttachOptions, attachUplink, singleKey, type UplinkServer } from "../server/attach.ts";
import type { Uplink, UplinkOptions } from "../worker/api.ts";
import { openUplink } from "../worker/uplink.ts";
import { type MemorySink, memorySink } from "./memory-sink.ts";

/** The one worker key that `serve` takes and `ship` and `connect` send. */
export const KEY = "a-worker-key-of-this-test";

/** What a worker says first. */
export const HELLO = JSON.stringify({ type: "hello", protocol: 7, worker: "w", instance: "i", agent: null });

export interface TestServer {
  port: number;
  url: string;
  uplinks: UplinkServer;
  stop(): Promise<void>;
}

/** A worker's connection by hand, for what a worker would not send. */
export interface RawConnection {
  socket: WebSocket;
  messages: { type: string }[];
  /** The code with which it was closed. */
  closed: Promise<number>;
}

interface UplinkFixtures {
  /** The folder of call files. */
  dir: string;
  sink: MemorySink;
  /** Runs when the test has ended, however it did; the last one first. */
  onEnd(cleanup: () => unknown): void;
  serve(options?: Partial<AttachOptions> & { port?: number }): Promise<TestServer>;
  ship(url: string, options?: Partial<UplinkOptions>): Promise<Uplink>;
  connect(url: string): Promise<RawConnection>;
  /** The HTTP status with which the server answers instead of opening the line. */
  refusal(url: string, path?: string, key?: string): Promise<number | undefined>;
}

/** A test with both ends of the line on loopback; all that it opened is closed when it ends. */
export const test = plainTest.extend<UplinkFixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures are needed.
  dir: async ({}, use) => {
    const dir = await mkdtemp(join(tmpdir(), "parley-uplink-"));
    await use(dir);
    await rm(dir, { recursive: true, force: true });
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above.
  sink: async ({}, use) => use(memorySink()),
  // Asks for the folder so that it outlives whatever still writes into it.
  onEnd: async ({ dir: _ }, use) => {
    const cleanups: (() => unknown)[] = [];
    await use((cleanup) => cleanups.push(cleanup));
    for (const cleanup of cleanups.reverse()) await cleanup();
  },
  serve: async ({ sink, onEnd }, use) =>
    use(async ({ port, ...options } = {}) => {
      const server: Server = createServer((_request, response) => response.end("ok"));
      const uplinks = attachUplink(server, { store: sink, authenticate: singleKey("test", KEY), ...options });
      await new Promise<void>((resolve) => server.listen(port ?? 0, "127.0.0.1", resolve));
      const stop = async () => {
        await uplinks.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      };
      onEnd(stop);
      const { port: taken } = server.address() as AddressInfo;
      return { port: taken, url: `http://127.0.0.1:${taken}`, uplinks, stop };
    }),
  ship: async ({ dir, onEnd }, use) =>
    use(async (url, options = {}) => {
      const backoffMs = { first: 5, longest: 50 };
      const uplink = await openUplink({ url, key: KEY, dir, batchMs: 2, pollMs: 50, backoffMs, ...options });
      onEnd(() => uplink.close());
      return uplink;
    }),
  connect: async ({ onEnd }, use) =>
    use(async (url) => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/uplink`, {
        headers: { authorization: `Bearer ${KEY}` },
      });
      onEnd(() => socket.terminate());
      const messages: RawConnection["messages"] = [];
      socket.on("message", (data) => messages.push(JSON.parse(String(data))));
      socket.on("error", () => undefined);
      const closed = new Promise<number>((resolve) => socket.on("close", resolve));
      await new Promise((resolve) => socket.once("open", resolve));
      return { socket, messages, closed };
    }),
  refusal: async ({ onEnd }, use) =>
    use((url, path = "/uplink", key) => {
      const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
      const socket = new WebSocket(`${url.replace("http", "ws")}${path}`, { headers });
      onEnd(() => socket.terminate());
      return new Promise((resolve, reject) => {
        socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
        socket.on("open", () => reject(new Error(`${path} was opened`)));
        socket.on("error", () => undefined);
      });
    }),
});

export const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 });
