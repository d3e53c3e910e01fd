import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { refusingUrl } from "../test/closed-port.ts";
import { Addresses } from "./addresses.ts";
import { whyUnreachable } from "./reachable.ts";

describe("addresses in turn", () => {
  it("keeps the order given, each once", () => {
    expect(new Addresses().inTurn(["b", "a", "b"])).toEqual(["b", "a"]);
  });

  it("prefers one that worked to those that failed, until it fails too", () => {
    const addresses = new Addresses();
    const urls = ["a", "b", "c"];
    addresses.failed("a");
    addresses.worked("b");
    expect(addresses.inTurn(urls)).toEqual(["b", "c", "a"]);
    addresses.failed("b");
    addresses.failed("c");
    expect(addresses.inTurn(urls)).toEqual(urls);
    addresses.worked("c");
    expect(addresses.inTurn(urls)).toEqual(["c", "a", "b"]);
  });

  it("remembers a bounded number", () => {
    const addresses = new Addresses();
    for (let n = 0; n < 65; n += 1) addresses.failed(`u${n}`);
    expect(addresses.inTurn(["u1", "u0"])).toEqual(["u0", "u1"]);
  });
});

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("an address", () => {
  const never = new AbortController().signal;
  const answering = (status: number) => served((_, response) => response.writeHead(status).end("OK"));

  it.each([200, 301, 404, 406, 500])("is reachable when it answers %i", async (status) => {
    expect(await whyUnreachable(await answering(status), 5_000, never)).toBeNull();
  });

  it.each([502, 503, 504])("is not when a proxy answers %i for it", async (status) => {
    expect(await whyUnreachable(await answering(status), 5_000, never)).toBe(`it answered ${status}`);
  });

  it("is not when it is refused, hangs, or is no address", async () => {
    expect(await whyUnreachable(await refusingUrl(), 5_000, never)).toBe("ECONNREFUSED");
    expect(await whyUnreachable(await served(() => {}), 50, never)).toBe("no answer within 50 ms");
    expect(await whyUnreachable("ws://no-such-host.invalid", 5_000, never)).toMatch(/ENOTFOUND|EAI_AGAIN/);
    expect(await whyUnreachable(await served(() => {}), 5_000, AbortSignal.abort())).not.toBeNull();
  });
});
