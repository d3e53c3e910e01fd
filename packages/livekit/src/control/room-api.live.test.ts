import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { KEY, SECRET } from "../test/live-server.ts";
import { closedAfterEach, sharedServer } from "../test/parties.ts";
import { roomApi } from "./room-api.ts";

const server = sharedServer();
const onEnd = closedAfterEach();

it("makes, lists and deletes rooms, and does not mind when there is nothing to delete", async () => {
  const api = roomApi({ url: server.url, apiKey: KEY, apiSecret: SECRET });
  const { sid } = await api.createRoom({ name: "r1", metadata: '{"callId":"c"}', departureTimeoutS: 40 });
  expect(sid).toMatch(/^RM_/);
  expect(await api.createRoom({ name: "r1" })).toEqual({ sid });
  expect(await api.listParticipants("r1")).toEqual([]);
  const rooms = await api.listRooms();
  expect(rooms).toContainEqual({ name: "r1", metadata: '{"callId":"c"}', createdAt: expect.any(Number) });
  const ageMs = Date.now() - (rooms.find(({ name }) => name === "r1")?.createdAt ?? 0);
  expect(ageMs).toBeGreaterThan(-5000);
  expect(ageMs).toBeLessThan(60_000);
  expect((await api.createDispatch("r1", "nobody")).dispatchId).toMatch(/^AD_/);
  await api.removeParticipant("r1", "nobody");
  await api.deleteRoom("r1");
  await api.deleteRoom("r1");
});

it("names the settings to check when the secret is wrong", async () => {
  const api = roomApi({ url: server.url, apiKey: KEY, apiSecret: "x".repeat(40) });
  await expect(api.createRoom({ name: "r" })).rejects.toMatchObject({
    category: "unauthorised",
    message: expect.stringContaining("LIVEKIT_API_SECRET"),
  });
});

it("is bounded in time, and says when nobody is there", async () => {
  const silent = createServer(() => {});
  const close = () => {
    silent.closeAllConnections();
    return new Promise((closed) => silent.close(closed));
  };
  onEnd(close);
  await new Promise<void>((ready) => silent.listen(0, "127.0.0.1", ready));
  const { port } = silent.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}`;
  const api = roomApi({ url, apiKey: KEY, apiSecret: SECRET, timeoutMs: 1000 });
  await expect(api.deleteRoom("r")).rejects.toMatchObject({ category: "timeout", retryable: true });
  await close();
  await expect(api.deleteRoom("r")).rejects.toMatchObject({ category: "network", retryable: true });
});
