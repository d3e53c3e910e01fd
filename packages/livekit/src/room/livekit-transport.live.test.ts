import { AccessToken } from "livekit-server-sdk";
import { describe, expect, it } from "vitest";
import { roomApi } from "../control/room-api.ts";
import { KEY, SECRET } from "../test/live-server.ts";
import { closedAfterEach, keys, parties, sharedServer } from "../test/parties.ts";
import { RecordingSink } from "../test/recording-sink.ts";
import { loudMs, shareOf, tone } from "../test/tone.ts";
import { mintAgentToken } from "../token/agent-token.ts";
import { LiveKitTransport } from "./livekit-transport.ts";

const server = sharedServer();
const onEnd = closedAfterEach();
const { agentIn, callerIn } = parties(onEnd);
const never = new AbortController().signal;
let rooms = 0;
const newRoom = () => `room-${++rooms}`;

/** Speaks as a call does: a little ahead of the ear. */
async function say(transport: LiveKitTransport, samples: Int16Array, signal = never): Promise<void> {
  for (let at = 0; at < samples.length && !signal.aborted; ) {
    while (transport.out.queuedMs() < 200 && at < samples.length) {
      transport.out.write(samples.subarray(at, at + 960));
      at += 960;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("sound", () => {
  it("goes both ways, each as the other said it", async () => {
    const room = newRoom();
    const { transport, sink } = await agentIn(server.url, room);
    const caller = await callerIn(server.url, room);
    await sink.sees("listenerReady", "ann");
    await sink.sees("trackSubscribed", "ann", "audio", "microphone");
    expect(transport.out.sampleRateHz).toBe(24_000);

    const began = performance.now();
    await Promise.all([caller.speak(tone(700, 1500, 16_000), 16_000), say(transport, tone(440, 1500, 24_000))]);
    await caller.quiet(500);
    expect(shareOf(440, caller.hearing.samples(began), 16_000)).toBeGreaterThan(0.8);
    expect(caller.hearing.loudMs(began)).toBeGreaterThan(1300);
    expect(caller.hearing.loudMs(began)).toBeLessThan(1700);
    await sink.until(() => loudMs(sink.heard("ann", began)) > 1300);
    expect(shareOf(700, sink.heard("ann", began), 16_000)).toBeGreaterThan(0.8);
    expect(sink.frames.every((frame) => frame.samples.length === 512)).toBe(true);
  });

  it.each([0, 45])(
    "stops at the ear soon after clear, with %i frames more than the native queue takes",
    async (more) => {
      const room = newRoom();
      const { transport, sink } = await agentIn(server.url, room);
      const caller = await callerIn(server.url, room);
      await sink.sees("listenerReady", "ann");
      for (let i = 0; i < 45; i++) transport.out.write(tone(440, 20, 24_000));
      await caller.onset(0);
      for (let i = 0; i < more; i++) transport.out.write(tone(440, 20, 24_000));
      const queued = transport.out.queuedMs();
      expect(queued).toBeGreaterThan(500);
      transport.out.clear();
      const cleared = performance.now();
      expect(transport.out.queuedMs()).toBe(0);
      await caller.quiet(500);
      // What is left is on its way: 10 ms of native frame, the network, the listener's jitter buffer (60 ms when idle).
      expect(caller.hearing.loudMs(cleared)).toBeLessThan(queued / 2);
    },
  );

  it("counts what is queued as what is still to be heard", async () => {
    const room = newRoom();
    const { transport, sink } = await agentIn(server.url, room);
    const caller = await callerIn(server.url, room);
    await sink.sees("listenerReady", "ann");
    const began = performance.now();
    for (let i = 0; i < 40; i++) transport.out.write(tone(440, 20, 24_000));
    const queued = transport.out.queuedMs();
    expect(queued).toBeGreaterThan(750);
    expect(queued).toBeLessThanOrEqual(800);
    await caller.quiet(500);
    expect(caller.hearing.loudMs(began)).toBeGreaterThan(queued - 120);
    expect(caller.hearing.loudMs(began)).toBeLessThan(queued + 120);
    expect(transport.out.queuedMs()).toBe(0);
  });
});

it("shows state and transcripts as LiveKit Agents do", async () => {
  const room = newRoom();
  const { transport, sink } = await agentIn(server.url, room);
  const caller = await callerIn(server.url, room);
  await sink.sees("trackSubscribed", "ann");
  transport.text.state("listening");
  transport.text.transcript({ participantId: "ann", segmentId: "s1", text: "good", final: false });
  transport.text.transcript({ participantId: "ann", segmentId: "s1", text: "good morning", final: true });
  transport.text.state("thinking");
  transport.text.state("speaking");
  transport.text.transcript({ participantId: null, segmentId: "s2", text: "Hello", final: false });
  await caller.until(() => caller.transcripts.get("s2")?.text === "Hello", 5000);
  transport.text.transcript({ participantId: null, segmentId: "s2", text: "Hello there, how", final: false });
  await caller.until(() => caller.transcripts.get("s2")?.text === "Hello there, how", 5000);
  transport.text.transcript({ participantId: null, segmentId: "s2", text: "Hello there", final: true });
  await caller.until(() => caller.transcripts.get("s2")?.final === true, 5000);
  expect(caller.transcripts.get("s1")).toMatchObject({ participantId: "ann", text: "good morning", final: true });
  expect(caller.transcripts.get("s2")).toMatchObject({ participantId: "agent-x", text: "Hello there" });
  await caller.until(() => caller.agentState === "speaking", 5000);
});

it("shows that the call is recorded to who is there, to who comes later, and no more once it is not", async () => {
  const room = newRoom();
  const { transport, sink } = await agentIn(server.url, room);
  const caller = await callerIn(server.url, room);
  await sink.sees("participantJoined", "ann");
  for (const now of ["asking", "on", "paused"] as const) {
    transport.text.recording(now);
    await caller.until(() => caller.recordings.at(-1) === now, 5000);
  }
  const later = await callerIn(server.url, room, { identity: "bob" });
  await later.until(() => later.recordings.at(-1) === "paused", 5000);
  transport.text.recording("off");
  const shown = () => caller.room.remoteParticipants.get("agent-x")?.attributes ?? {};
  await caller.until(() => caller.recordings.at(-1) === "", 5000);
  expect(shown()["parley.recording"] ?? "").toBe("");
  expect(shown()["lk.agent.state"]).toBe("initializing");
});

it("carries chat both ways, and RPC", async () => {
  const room = newRoom();
  const { transport, sink } = await agentIn(server.url, room);
  transport.registerRpc("add", (payload, callerId) => `${callerId} says ${Number(payload) + 1}`);
  transport.registerRpc("break", () => {
    throw new Error("secret detail");
  });
  const caller = await callerIn(server.url, room);
  await sink.sees("participantJoined", "ann");
  await caller.sendChat("hello agent");
  await sink.sees("text", "ann", "hello agent");
  transport.text.chat("hello ann");
  await caller.until(() => caller.chat.length > 0, 5000);
  expect(caller.chat).toEqual([{ participantId: "agent-x", text: "hello ann" }]);

  const me = caller.room.localParticipant!;
  const call = (method: string) => me.performRpc({ destinationIdentity: "agent-x", method, payload: "4" });
  expect(await call("add")).toBe("ann says 5");
  await expect(call("break")).rejects.toMatchObject({ code: 1500, message: "Application error in method handler" });
  await expect(call("nothing")).rejects.toMatchObject({ code: 1400 });
  me.registerRpcMethod("where", async () => "here");
  expect(await transport.callRpc("ann", "where", "")).toBe("here");
  await expect(transport.callRpc("ann", "nowhere", "")).rejects.toMatchObject({ code: "rpc-failed" });
});

describe("people", () => {
  it("come with their metadata, leave with a reason, and come back", async () => {
    const room = newRoom();
    const { sink } = await agentIn(server.url, room);
    const first = await callerIn(server.url, room, {
      name: "Ann",
      metadata: '{"vip":true}',
      attributes: { shop: "north" },
    });
    await sink.sees("listenerReady", "ann");
    expect(sink.participants.get("ann")).toEqual({
      participantId: "ann",
      name: "Ann",
      kind: "standard",
      metadata: { vip: true },
      attributes: { shop: "north" },
    });
    await sink.sees("trackSubscribed", "ann");
    await first.leave();
    await sink.sees("participantLeft", "ann", "left");
    expect(sink.count("trackEnded", "ann")).toBe(1);
    await callerIn(server.url, room);
    await sink.until(() => sink.count("trackSubscribed", "ann") === 2 && sink.count("listenerReady", "ann") === 2);
    expect(sink.count("participantJoined", "ann")).toBe(2);
  });

  it("who call by telephone are told apart, with what the SIP bridge says of them", async () => {
    const room = newRoom();
    const { sink } = await agentIn(server.url, room);
    const sip = new AccessToken(KEY, SECRET, { identity: "sip_+15550001" });
    sip.kind = "sip";
    sip.attributes = { "sip.phoneNumber": "+15550001", "sip.trunkPhoneNumber": "+15550002" };
    sip.addGrant({ roomJoin: true, room, canUpdateOwnMetadata: true });
    await callerIn(server.url, room, { token: await sip.toJwt() });
    await sink.sees("trackSubscribed", "sip_+15550001", "audio", "microphone");
    expect(sink.participants.get("sip_+15550001")).toMatchObject({
      kind: "sip",
      attributes: { "sip.phoneNumber": "+15550001", "sip.trunkPhoneNumber": "+15550002" },
    });
  });

  it("who were there first are reported, agents are not listened to", async () => {
    const room = newRoom();
    await callerIn(server.url, room);
    const other = await agentIn(server.url, room, { identity: "agent-other" });
    await other.sink.sees("trackSubscribed", "ann");
    const { sink } = await agentIn(server.url, room);
    await sink.sees("trackSubscribed", "ann");
    await sink.sees("listenerReady", "ann");
    expect(sink.participants.get("agent-other")?.kind).toBe("agent");
    await sink.until(() => sink.frames.length > 50);
    expect(sink.has("trackSubscribed", "agent-other")).toBe(false);
    expect(sink.has("listenerReady", "agent-other")).toBe(false);
  });

  it("may be silent without being taken for lost", async () => {
    const room = newRoom();
    const { sink } = await agentIn(server.url, room);
    await callerIn(server.url, room);
    await sink.sees("trackSubscribed", "ann");
    await sink.until(() => sink.frames.length > 300);
    expect(sink.has("network")).toBe(false);
  });

  it("may press keys", async () => {
    const room = newRoom();
    const { sink } = await agentIn(server.url, room);
    const caller = await callerIn(server.url, room);
    await sink.sees("listenerReady", "ann");
    await caller.room.localParticipant!.publishDtmf(11, "#");
    await sink.sees("dtmf", "ann", "#");
  });
});

describe("the end", () => {
  it("is told with its reason when the room is deleted", async () => {
    const room = newRoom();
    const { sink, transport } = await agentIn(server.url, room);
    await roomApi({ url: server.url, ...keys }).deleteRoom(room);
    await sink.sees("closed", "room-deleted");
    await transport.close("again");
    expect(sink.count("closed")).toBe(1);
    expect(transport.room).toBeNull();
  });

  it("comes to a replaced agent, which does not fight back", async () => {
    const room = newRoom();
    const { sink } = await agentIn(server.url, room);
    const second = await agentIn(server.url, room);
    await sink.sees("closed", "duplicate-identity");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(second.sink.has("closed")).toBe(false);
  });

  it("is not reported to the call that asked for it", async () => {
    const { sink, transport } = await agentIn(server.url, newRoom());
    await Promise.all([transport.close("done"), transport.close("done")]);
    expect(sink.has("closed")).toBe(false);
    transport.out.write(new Int16Array(960));
    transport.text.chat("nobody is there");
    transport.text.state("idle");
  });
});

describe("joining", () => {
  it("fails with what to check when the secret is wrong", async () => {
    const token = await mintAgentToken({ ...keys, apiSecret: "x".repeat(40), room: "r", identity: "agent-x" });
    const transport = new LiveKitTransport({ url: server.url, token });
    onEnd(() => transport.close("test over"));
    await expect(transport.open(new RecordingSink(), never)).rejects.toMatchObject({
      code: "livekit-unauthorised",
      message: expect.stringContaining("LIVEKIT_API_SECRET"),
    });
  });

  it("fails when nobody is there", async () => {
    const transport = new LiveKitTransport({ url: "ws://127.0.0.1:1", token: "x", connectTimeoutMs: 5000 });
    onEnd(() => transport.close("test over"));
    await expect(transport.open(new RecordingSink(), never)).rejects.toMatchObject({ retryable: true });
  });

  it("ends at once when it is cancelled", async () => {
    const token = await mintAgentToken({ ...keys, room: newRoom(), identity: "agent-x" });
    const transport = new LiveKitTransport({ url: server.url, token });
    onEnd(() => transport.close("test over"));
    const cancel = new AbortController();
    const opening = transport.open(new RecordingSink(), cancel.signal);
    cancel.abort();
    await expect(opening).rejects.toMatchObject({ category: "cancelled" });
  });
});

it("reports a track that cannot be subscribed to, after its retries", async () => {
  const room = newRoom();
  const caller = await callerIn(server.url, room);
  const deaf = new AccessToken(KEY, SECRET, { identity: "agent-deaf" });
  deaf.kind = "agent";
  deaf.addGrant({ roomJoin: true, room, canPublish: true, canSubscribe: false, canPublishData: true, agent: true });
  const transport = new LiveKitTransport({ url: server.url, token: await deaf.toJwt(), subscribeTimeoutMs: 200 });
  onEnd(() => transport.close("test over"));
  const sink = new RecordingSink();
  await transport.open(sink, never);
  await sink.sees("trackFailed", "ann", 4);
  expect(caller.lost).toBeNull();
});
