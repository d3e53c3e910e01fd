import { AccessToken, TokenVerifier } from "livekit-server-sdk";
import { describe, expect, it } from "vitest";
import { KEY, SECRET } from "../test/live-server.ts";
import { mintAgentToken, mintWorkerToken } from "./agent-token.ts";
import { agentIdentity, randomIdentity } from "./identity.ts";
import { mintToken } from "./mint.ts";
import { joinerRoomConfig, parseRoomConfig } from "./room-config.ts";
import { formatRoomMetadata, parseMetadata, parseRoomMetadata } from "./room-metadata.ts";

const keys = { apiKey: KEY, apiSecret: SECRET };
const claims = async (token: Promise<string>) => new TokenVerifier(KEY, SECRET).verify(await token);

describe("a joiner's token", () => {
  it("is for one room, 15 minutes, and never admin", async () => {
    const before = Math.floor(Date.now() / 1000);
    const token = await claims(mintToken({ ...keys, room: "r1", identity: "ann", name: "Ann", metadata: "{}" }));
    expect(token.sub).toBe("ann");
    expect(token.exp! - before).toBeGreaterThanOrEqual(900);
    expect(token.exp! - before).toBeLessThan(905);
    expect(token.video).toEqual({
      roomJoin: true,
      room: "r1",
      canPublish: true,
      canSubscribe: true,
      canPublishData: true,
      canUpdateOwnMetadata: false,
    });
    expect(token.kind).toBeUndefined();
  });

  it.each(["agent-AJ_1", "Agent-x", "sip_+1555"])("refuses the reserved identity %s", async (identity) => {
    await expect(mintToken({ ...keys, room: "r", identity })).rejects.toMatchObject({ code: "identity-reserved" });
  });

  it("refuses empty and overlong names", async () => {
    await expect(mintToken({ ...keys, room: " ", identity: "a" })).rejects.toMatchObject({ code: "room-invalid" });
    await expect(mintToken({ ...keys, room: "r", identity: "" })).rejects.toMatchObject({ code: "identity-invalid" });
    await expect(mintToken({ ...keys, room: "r", identity: "x".repeat(257) })).rejects.toThrow("257 characters");
  });

  it("drops attributes that belong to LiveKit and keeps the caller's own", async () => {
    const attributes = { "lk.agent.state": "speaking", "sip.phoneNumber": "1", "LK.x": "1", shop: "north" };
    const token = await claims(mintToken({ ...keys, room: "r", identity: "a", attributes }));
    expect(token.attributes).toEqual({ shop: "north" });
  });

  it("says what its bearer may do with the call: only what the minter says, in an attribute that is ours", async () => {
    const seat = { ...keys, room: "r", identity: "a" };
    const control = ["mute", "say", "say"] as const;
    const token = await claims(mintToken({ ...seat, control, attributes: { "parley.control": "setLanguage" } }));
    expect(token.attributes).toEqual({ "parley.control": "mute say" });
    expect(token.video?.canUpdateOwnMetadata).toBe(false);
    const others = { "parley.control": "say", "Parley.Control": "say" };
    expect((await claims(mintToken({ ...seat, attributes: others }))).attributes ?? {}).toEqual({});
  });

  it("refuses what the server would refuse for its size", async () => {
    const seat = { ...keys, room: "r", identity: "a" };
    await expect(mintToken({ ...seat, metadata: "é".repeat(32_001) })).rejects.toMatchObject({
      code: "metadata-too-large",
    });
    await expect(mintToken({ ...seat, attributes: { a: "x".repeat(64_000) } })).rejects.toMatchObject({
      code: "attributes-too-large",
    });
  });

  it("carries a limited room configuration", async () => {
    const roomConfig = parseRoomConfig({ agents: [{ agent_name: "shop" }], departure_timeout: 1, egress: {} });
    const token = await claims(mintToken({ ...keys, room: "r", identity: "a", roomConfig }));
    expect(token.roomConfig).toMatchObject({ agents: [{ agentName: "shop" }], departureTimeout: 0 });
    expect(token.roomConfig).not.toHaveProperty("egress");
  });
});

describe("room_config as clients send it", () => {
  it("is read in snake_case and camelCase, unknown fields ignored", () => {
    for (const json of [
      { agents: [{ agent_name: "a", metadata: "m" }], metadata: "room", max_participants: 3, from_the_future: 1 },
      { agents: [{ agentName: "a", metadata: "m" }], metadata: "room", maxParticipants: 3 },
    ]) {
      const config = joinerRoomConfig(parseRoomConfig(json));
      expect(config.agents).toMatchObject([{ agentName: "a", metadata: "m" }]);
      expect(config).toMatchObject({ metadata: "room", maxParticipants: 3 });
    }
  });

  it("is refused with the reason when it is something else", () => {
    for (const json of [{ agents: "all" }, [], "x", 7, null]) {
      expect(() => parseRoomConfig(json), JSON.stringify(json)).toThrow(/room_config is not/);
    }
  });

  it("may not fill the room with agents", () => {
    const config = parseRoomConfig({ agents: Array.from({ length: 9 }, () => ({ agent_name: "a" })) });
    expect(() => joinerRoomConfig(config)).toThrow("9 agents");
  });
});

describe("an agent's and a worker's token", () => {
  it("makes the agent an agent that may say its state", async () => {
    const token = await claims(mintAgentToken({ ...keys, room: "r", identity: agentIdentity("AJ_1") }));
    expect(token).toMatchObject({ sub: "agent-AJ_1", kind: "agent" });
    expect(token.video).toMatchObject({ room: "r", agent: true, canUpdateOwnMetadata: true });
    expect(token.video?.roomAdmin).toBeUndefined();
  });

  it("is what LiveKit's own SDK would make", async () => {
    const seat = { identity: "agent-AJ_1", name: "Änne", metadata: "{}", attributes: { a: "1" } };
    const sdk = new AccessToken(KEY, SECRET, { ...seat, ttl: "90s" });
    sdk.kind = "agent";
    sdk.addGrant({ roomJoin: true, room: "r", canPublish: true, canSubscribe: true, canPublishData: true });
    sdk.addGrant({ canUpdateOwnMetadata: true, agent: true });
    const { exp, nbf, ...theirs } = await claims(sdk.toJwt());
    const ours = await claims(mintAgentToken({ ...keys, ...seat, room: "r", ttlSeconds: 90 }));
    expect(ours).toEqual({ ...theirs, exp: ours.nbf! + 90, nbf: expect.closeTo(nbf!, -1) });
    expect(exp! - nbf!).toBe(90);
  });

  it("says nothing to who does not know the secret, or after its time", async () => {
    const token = await mintAgentToken({ ...keys, room: "r", identity: "a" });
    await expect(new TokenVerifier(KEY, `${SECRET}!`).verify(token)).rejects.toThrow("signature");
    const late = await mintAgentToken({ ...keys, room: "r", identity: "a", ttlSeconds: -60 });
    await expect(new TokenVerifier(KEY, SECRET).verify(late)).rejects.toThrow("exp");
  });

  it("lets a worker register and nothing else", async () => {
    expect((await claims(mintWorkerToken(keys))).video).toEqual({ agent: true });
  });

  it("makes random identities that are free to use", async () => {
    expect(randomIdentity()).not.toBe(randomIdentity());
    await mintToken({ ...keys, room: "r", identity: randomIdentity() });
  });
});

describe("room metadata", () => {
  it("survives a round trip", () => {
    const metadata = { callId: "c1", agentId: "a", tenantId: "t", language: "en", from: "+1", to: "+2" };
    expect(parseRoomMetadata(formatRoomMetadata(metadata))).toEqual(metadata);
  });

  it.each(["", "not json", "[]", "null", '{"callId":5,"language":""}'])("is all null for %j", (text) => {
    expect(Object.values(parseRoomMetadata(text))).toEqual([null, null, null, null, null, null]);
  });

  it("keeps what is right beside what is wrong", () => {
    expect(parseRoomMetadata('{"callId":"c","language":7,"more":1}')).toMatchObject({ callId: "c", language: null });
  });

  it("reads a participant's metadata as JSON or text", () => {
    expect(parseMetadata('{"vip":true}')).toEqual({ vip: true });
    expect(parseMetadata("a friend")).toBe("a friend");
    expect(parseMetadata("")).toBe("");
  });
});
