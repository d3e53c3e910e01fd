import { type AddressInfo, createServer } from "node:net";
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

/** Takes connections and says nothing. */
async function hangs() {
  let connections = 0;
  const sockets: { destroy(): void }[] = [];
  const listener = createServer((socket) => {
    connections += 1;
    sockets.push(socket.on("error", () => {}));
  });
  await new Promise<void>((ready) => listener.listen(0, "127.0.0.1", ready));
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((closed) => listener.close(closed));
  });
  return {
    url: `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    get connections() {
      return connections;
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
  expect(hung.connections).toBe(1);
  expect((await join(urls, addresses)).isConnected).toBe(true);
  expect(hung.connections).toBe(1);
});

it("asks nobody else when the token is refused, and says so when nobody can be reached", async () => {
  const hung = await hangs();
  const refused = join([server.url, hung.url], new Addresses(), "another-secret-of-32-characters-or-more");
  await expect(refused).rejects.toMatchObject({ code: "livekit-unauthorised" });
  expect(hung.connections).toBe(0);
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
