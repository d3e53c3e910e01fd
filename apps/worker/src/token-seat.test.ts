import { mintAgentToken, mintToken } from "@parley/livekit";
import { describe, expect, test } from "vitest";
import { readSeat } from "./token-seat.ts";

const keys = { apiKey: "key", apiSecret: "a-secret-for-tests-of-32-characters-or-more" };

describe("a token's seat", () => {
  test("is the room, the identity, the metadata and the end of it", async () => {
    const token = await mintAgentToken({ ...keys, room: "lobby", identity: "agent-1", metadata: '{"callId":"c"}' });
    const seat = readSeat(token);
    expect(seat).toMatchObject({ room: "lobby", identity: "agent-1", metadata: '{"callId":"c"}' });
    expect(seat?.expiresAt).toBeGreaterThan(Date.now());
    expect(readSeat(await mintToken({ ...keys, room: "r", identity: "me" }))).toMatchObject({
      room: "r",
      metadata: "",
    });
  });

  test.each(["", "nonsense", "a.b.c", `x.${Buffer.from("{}").toString("base64url")}.x`])("is none in %j", (token) => {
    expect(readSeat(token)).toBeNull();
  });
});
