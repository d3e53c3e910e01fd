import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "@parley/engine";
import { expect, it } from "vitest";
import { Addresses } from "../addresses/addresses.ts";
import { silentLog } from "../log.ts";
import { refusingUrl } from "../test/closed-port.ts";
import { closedAfterEach, keys, parties, sharedServer } from "../test/parties.ts";
import { mintAgentToken } from "../token/agent-token.ts";
import { connectRoom, leaveRoom } from "./connect-room.ts";
import { JoinGate } from "./join-gate.ts";

const server = sharedServer();
const onEnd = closedAfterEach();
const { agentIn, callerIn } = parties(onEnd);

/** Takes requests and answers none. */
async function hangs() {
  let asked = 0;
  const server = createServer(() => {
    asked += 1;
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onEnd(() => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get asked() {
      return asked;
    },
  };
}

async function join(urls: readonly string[], addresses: Addresses, secret = keys.apiSecret) {
  const [url = "", ...fallbackUrls] = urls;
  const token = await mintAgentToken({ ...keys, apiSecret: secret, room: "several", identity: "agent-s" });
  const room = await connectRoom({
    url,
    fallbackUrls,
    addresses,
    token,
    connectTimeoutMs: 20_000,
    gate: new JoinGate(1),
    signal: new AbortController().signal,
    clock: systemClock,
    log: silentLog,
    autoSubscribe: false,
    prepare: () => {},
  });
  onEnd(() => leaveRoom(room, systemClock, silentLog));
  return room;
}

it("joins at the first address that can be reached, and begins there the next time", async () => {
  const hung = await hangs();
  const urls = [await refusingUrl(), hung.url, server.url];
  const addresses = new Addresses();
  expect((await join(urls, addresses)).isConnected).toBe(true);
  const { asked } = hung;
  expect(asked).toBeGreaterThan(0);
  expect((await join(urls, addresses)).isConnected).toBe(true);
  expect(hung.asked).toBe(asked);
});

it("asks nobody else when the token is refused, and says so when nobody can be reached", async () => {
  const hung = await hangs();
  const refused = join([server.url, hung.url], new Addresses(), "another-secret-of-32-characters-or-more");
  await expect(refused).rejects.toMatchObject({ code: "livekit-unauthorised" });
  expect(hung.asked).toBe(0);
  await expect(join([await refusingUrl(), await refusingUrl()], new Addresses())).rejects.toMatchObject({
    code: "livekit-unreachable",
  });
});

it("is a whole transport: heard, seen, and told who is there", async () => {
  const { sink } = await agentIn(await refusingUrl(), "fallen-back", { fallbackUrls: [server.url] });
  const caller = await callerIn(server.url, "fallen-back");
  await sink.sees("participantJoined", "ann");
  await caller.sendChat("hello agent");
  await sink.sees("text", "ann", "hello agent");
});
