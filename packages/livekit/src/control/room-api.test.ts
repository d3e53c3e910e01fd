import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { refusingUrl } from "../test/closed-port.ts";
import { roomApi } from "./room-api.ts";

const keys = { apiKey: "key", apiSecret: "s".repeat(32) };

interface Node {
  url: string;
  asked: string[];
}

async function node(answer: RequestListener): Promise<Node> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(methodOf(request));
    answer(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const methodOf = ({ url = "" }: IncomingMessage) => url.split("/").at(-1) ?? "";
const good = () => node((_, response) => response.setHeader("content-type", "application/json").end("{}"));
const hung = () => node(() => {});
const saying = (status: number) =>
  node((_, response) => response.writeHead(status, { "content-type": "application/json" }).end('{"msg":"no"}'));

it("asks the next address when one is refused or hangs, and from then on first the one that answered", async () => {
  const [slow, used] = [await hung(), await good()];
  const api = roomApi({ url: await refusingUrl(), fallbackUrls: [slow.url, used.url], ...keys, timeoutMs: 600 });
  expect(await api.listParticipants("r")).toEqual([]);
  expect(await api.createRoom({ name: "r" })).toEqual({ sid: "" });
  await api.deleteRoom("r");
  await api.removeParticipant("r", "ann");
  expect(slow.asked).toEqual(["ListParticipants"]);
  expect(used.asked).toEqual(["ListParticipants", "CreateRoom", "DeleteRoom", "RemoveParticipant"]);
});

it.each([401, 403, 404, 500])("takes %i for an answer: nobody else is asked", async (status) => {
  const [first, second] = [await saying(status), await good()];
  const api = roomApi({ url: first.url, fallbackUrls: [second.url], ...keys });
  await expect(api.listParticipants("r")).rejects.toMatchObject({
    code: status < 404 ? "livekit-unauthorised" : status === 404 ? "livekit-not-found" : "livekit-request-failed",
  });
  expect(second.asked).toEqual([]);
});

it("dispatches once: elsewhere only when it was certainly not asked before", async () => {
  const [slow, used] = [await hung(), await good()];
  const refused = roomApi({ url: await refusingUrl(), fallbackUrls: [used.url], ...keys });
  expect(await refused.createDispatch("r", "shop")).toEqual({ dispatchId: "" });
  const hanging = roomApi({ url: slow.url, fallbackUrls: [used.url], ...keys, timeoutMs: 300 });
  await expect(hanging.createDispatch("r", "shop")).rejects.toMatchObject({ code: "livekit-timeout" });
  expect(used.asked).toEqual(["CreateDispatch"]);
});

it("says so when nobody is there, within its time", async () => {
  const [one, two] = [await hung(), await hung()];
  const api = roomApi({ url: one.url, fallbackUrls: [two.url], ...keys, timeoutMs: 400 });
  await expect(api.listParticipants("r")).rejects.toMatchObject({ code: "livekit-timeout", retryable: true });
  expect([one.asked, two.asked]).toEqual([["ListParticipants"], ["ListParticipants"]]);
  const none = roomApi({ url: await refusingUrl(), fallbackUrls: [await refusingUrl()], ...keys });
  await expect(none.deleteRoom("r")).rejects.toMatchObject({ code: "livekit-unreachable", retryable: true });
});

it("transfers a telephone caller once, and says that nobody took the call", async () => {
  const [used, busy] = [await good(), await saying(503)];
  const refused = roomApi({ url: await refusingUrl(), fallbackUrls: [used.url], ...keys });
  await refused.transferCaller("r", "sip_+15550101", "tel:+15550100");
  expect(used.asked).toEqual(["TransferSIPParticipant"]);
  await expect(
    roomApi({ url: busy.url, fallbackUrls: [used.url], ...keys }).transferCaller("r", "sip_1", "tel:+15550100"),
  ).rejects.toMatchObject({ code: "livekit-request-failed", category: "provider" });
  expect([busy.asked.length, used.asked.length]).toEqual([1, 1]);
});
