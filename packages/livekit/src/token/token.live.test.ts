import { RoomServiceClient } from "livekit-server-sdk";
import { expect, it } from "vitest";
import { SimulatedCaller } from "../caller/simulated-caller.ts";
import { KEY, SECRET } from "../test/live-server.ts";
import { closedAfterEach, keys, parties, sharedServer } from "../test/parties.ts";
import { mintToken } from "./mint.ts";

const server = sharedServer();
const { callerIn } = parties(closedAfterEach());

it("opens its room and nothing else", async () => {
  const token = await mintToken({ ...keys, room: "mine", identity: "ann", metadata: "vip", attributes: { a: "1" } });
  const caller = await callerIn(server.url, "mine", { token });
  expect(caller.room.name).toBe("mine");

  const api = new RoomServiceClient(server.url.replace("ws", "http"), undefined, undefined, { token });
  await expect(api.createRoom({ name: "other" })).rejects.toMatchObject({ status: 401 });
  await expect(api.listRooms()).rejects.toMatchObject({ status: 401 });
  await expect(api.listParticipants("mine")).rejects.toMatchObject({ status: 401 });
  await expect(api.deleteRoom("mine")).rejects.toMatchObject({ status: 401 });

  // What the token said of its bearer stays true.
  await caller.room.localParticipant!.setAttributes({ a: "2", "lk.agent.state": "speaking" }).catch(() => {});
  await caller.room.localParticipant!.updateMetadata("admin").catch(() => {});
  const admin = new RoomServiceClient(server.url.replace("ws", "http"), KEY, SECRET);
  expect(await admin.getParticipant("mine", "ann")).toMatchObject({ metadata: "vip", attributes: { a: "1" } });
});

it("is useless after its time", async () => {
  const token = await mintToken({ ...keys, room: "mine", identity: "ann", ttlSeconds: -120 });
  await expect(SimulatedCaller.join({ url: server.url, token })).rejects.toMatchObject({
    code: "livekit-unauthorised",
  });
});
