import { sessionRoom } from "@parley/engine";
import { afterEach, expect, it } from "vitest";
import { removeFolders, settle, setUp } from "./test/boss.ts";

afterEach(removeFolders);

const orders = { room: "room-1", token: "tt", identity: "agent-x", agentName: "shop", epoch: 4, crashes: 1 };

it("without LiveKit a call of a room is refused, and one without a room is run in none", async () => {
  const { boss, runs } = setUp({ backend: {}, withoutLiveKit: true });
  expect(await boss.ordered({ callId: "call-1", name: "take-over", args: orders })).toEqual({
    ok: false,
    reason: "this worker is without LiveKit",
  });
  const args = { ...orders, room: sessionRoom("call-2"), crashes: 0 };
  const metadata = JSON.stringify({ callId: "call-2" });
  const order = { callId: "call-2", name: "take-over", args: { ...args, metadata } };
  expect(await boss.ordered(order)).toEqual({ ok: true, reason: "" });
  await settle();
  expect(runs()).toMatchObject([{ callId: "call-2", url: "", token: "none" }]);
});
