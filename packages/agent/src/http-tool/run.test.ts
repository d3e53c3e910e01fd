import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ToolContext } from "@parley/engine";
import { afterEach, describe, expect, it } from "vitest";
import { isPublic } from "./addresses.ts";
import { httpTool } from "./run.ts";
import { httpToolSchema } from "./schema.ts";

const SECRET = "Bearer hunter2-hunter2";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Seen {
  method: string;
  path: string;
  body: string;
  headers: IncomingMessage["headers"];
}

/** A service on loopback; resolves with its address. */
async function service(answer: (response: ServerResponse, seen: Seen) => void) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const one = { method: request.method ?? "", path: request.url ?? "", body, headers: request.headers };
    seen.push(one);
    answer(response, one);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const json = (response: ServerResponse, value: unknown, status = 200) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));

function run(tool: object, args: unknown, { allowPrivate = true, signal = new AbortController().signal } = {}) {
  const parsed = httpToolSchema.parse({ name: "look_up", description: "Looks up", timeoutMs: 2_000, ...tool });
  const context = { idempotencyKey: "key-1", signal } as ToolContext;
  return httpTool(parsed, { allowPrivate }).execute(args, context);
}

describe("an HTTP tool", () => {
  it("sends its arguments as JSON, with its headers and the call's idempotency key", async () => {
    const { url, seen } = await service((response, { body }) => json(response, { got: JSON.parse(body) }));
    const result = await run({ url: `${url}/orders`, headers: { authorization: SECRET } }, { order: 7 });
    expect(result).toEqual({ got: { order: 7 } });
    expect(seen).toMatchObject([
      { method: "POST", path: "/orders", headers: { authorization: SECRET, "idempotency-key": "key-1" } },
    ]);
  });

  it("fills arguments into its address, and puts the others into the query", async () => {
    const { url, seen } = await service((response) => response.end("in stock"));
    const tool = { url: `${url}/orders/{order}?full=1`, method: "GET" };
    expect(await run(tool, { order: "a/b?c", size: 2, tags: ["x"] })).toBe("in stock");
    expect(seen[0]?.path).toBe("/orders/a%2Fb%3Fc?full=1&size=2&tags=%5B%22x%22%5D");
    for (const order of ["..", ".", "", undefined, { a: 1 }])
      await expect(run(tool, { order })).rejects.toMatchObject({ code: "tool-arguments-invalid" });
    await expect(run(tool, "x")).rejects.toMatchObject({ code: "tool-arguments-invalid" });
    expect(seen).toHaveLength(1);
  });

  it("tells what went wrong, without its secrets", async () => {
    const { url } = await service((response, { path, headers }) => {
      if (path === "/echo") json(response, { you: headers.authorization });
      else if (path === "/no") json(response, { error: `${headers.authorization} is wrong` }, 403);
      else if (path === "/away") response.writeHead(302, { location: "http://169.254.169.254/" }).end();
      else if (path === "/long") response.end("x".repeat(70_000));
      else if (path === "/half")
        response.writeHead(200, { "content-length": "100" }).write("half", () => response.destroy());
    });
    const ask = (path: string, more = {}) =>
      run({ url: `${url}${path}`, headers: { authorization: SECRET }, ...more }, {});
    expect(await ask("/echo")).toEqual({ you: "***" });
    for (const [path, code] of [
      ["/no", "http-tool-status"],
      ["/away", "http-tool-redirected"],
      ["/long", "http-tool-too-large"],
      ["/half", "http-tool-unreachable"],
    ] as const) {
      const error = await ask(path).catch((thrown: unknown) => thrown);
      expect(error, path).toMatchObject({ code });
      expect(JSON.stringify([(error as Error).message, (error as Error).cause])).not.toContain("hunter2");
    }
    await expect(ask("/hangs", { timeoutMs: 100 })).rejects.toMatchObject({ code: "http-tool-timeout" });
    await expect(run({ url: "http://127.0.0.1:1/" }, {})).rejects.toMatchObject({ code: "http-tool-unreachable" });
  });

  it("ends when the call no longer wants it", async () => {
    const arrived = Promise.withResolvers<void>();
    const { url } = await service(() => arrived.resolve());
    const abort = new AbortController();
    const result = run({ url }, {}, { signal: abort.signal });
    const refused = expect(result).rejects.toMatchObject({ code: "http-tool-timeout" });
    await arrived.promise;
    abort.abort();
    await refused;
  });

  it.each(["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "169.254.169.254"])(
    "does not reach %s unless it may",
    async (host) => {
      const { url, seen } = await service((response) => response.end("secret"));
      const inside = `http://${host}:${new URL(url).port}/`;
      await expect(run({ url: inside }, {}, { allowPrivate: false })).rejects.toMatchObject({
        code: "http-tool-address",
      });
      expect(seen).toEqual([]);
    },
  );
});

it.each([
  ["8.8.8.8", true],
  ["2606:4700::1111", true],
  ["10.1.2.3", false],
  ["100.64.0.1", false],
  ["172.31.255.255", false],
  ["172.32.0.1", true],
  ["192.168.1.1", false],
  ["0.0.0.0", false],
  ["255.255.255.255", false],
  ["::", false],
  ["fe80::1", false],
  ["fc00::1", false],
  ["64:ff9b::7f00:1", false],
  ["2002:7f00:1::", false],
  ["::ffff:8.8.8.8", false],
  ["localhost", false],
])("%s is public: %s", (address, expected) => {
  expect(isPublic(address)).toBe(expected);
});
