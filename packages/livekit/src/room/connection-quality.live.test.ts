import { RoomEvent, SimulateScenarioKind } from "@livekit/rtc-node";
import { systemClock } from "@parley/engine";
import { RoomServiceClient } from "livekit-server-sdk";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { type LiveServer, liveServer } from "../test/live-server.ts";
import { lossyLine } from "../test/lossy-line.ts";
import { closedAfterEach, keys, parties } from "../test/parties.ts";
import { shareOf, tone } from "../test/tone.ts";
import { mintAgentToken } from "../token/agent-token.ts";
import { AgentVoice } from "./agent-voice.ts";
import { connectRoom, leaveRoom } from "./connect-room.ts";
import { JoinGate } from "./join-gate.ts";

const onEnd = closedAfterEach();
const { agentIn, callerIn } = parties(onEnd);
let server: LiveServer;
beforeAll(async () => {
  server = await liveServer();
});
afterAll(() => server.remove());

/** A caller who speaks all the time, and whose way to the server loses what it is told to. */
async function meet(room: string) {
  const line = await lossyLine(server);
  onEnd(() => line.close());
  const { transport, sink } = await agentIn(server.url, room);
  const caller = await callerIn(line.url, room);
  await sink.sees("listenerReady", "ann");
  let over = false;
  onEnd(() => {
    over = true;
  });
  void (async () => {
    while (!over) await caller.speak(tone(700, 1_000, 16_000), 16_000);
  })();
  return { line, transport, sink, caller };
}

const of = (participantId: string | null) => (told: { participantId: string | null }) =>
  told.participantId === participantId;

it("tells of a caller whose voice comes with holes, with what was lost, and when it is whole again", async () => {
  const { line, sink } = await meet("up");
  // All sound goes through the line: this is no test of a way around it.
  expect(line.carried.up).toBeGreaterThan(50);
  line.loss.up = 0.3;
  await sink.until(() => sink.has("connectionQuality", "ann", "poor"), 30_000);
  const told = sink.connections.findLast(of("ann"))!;
  expect(told.lossShare).toBeGreaterThan(0.1);
  expect(told.lossShare).toBeLessThan(0.5);
  line.loss.up = 0;
  const before = sink.connections.length;
  await sink.until(() => sink.connections.slice(before).some(of("ann")), 90_000);
  expect(["good", "excellent"]).toContain(sink.connections.findLast(of("ann"))!.quality);
  // The agent's own connection was well all the time.
  expect(sink.connections.filter(of(null)).filter(({ quality }) => quality === "poor")).toEqual([]);
}, 180_000);

it("lowers the bitrate of the agent's voice in a pause: one track at a time, and nothing that is said meanwhile is lost", async () => {
  const { line, transport, sink, caller } = await meet("bitrate");
  const agent = () => caller.room.remoteParticipants.get("agent-x")!;
  const [before] = agent().trackPublications.keys();
  let most = 0;
  caller.room.on(RoomEvent.TrackPublished, () => {
    most = Math.max(most, agent().trackPublications.size);
  });
  transport.text.state("listening");
  const gone = new Promise<void>((resolve) => caller.room.once(RoomEvent.TrackUnpublished, () => resolve()));
  line.loss.up = 0.3;
  await sink.until(() => sink.has("connectionQuality", "ann", "poor"), 30_000);
  await gone;
  line.loss.up = 0;
  const began = performance.now();
  for (let n = 0; n < 20; n++) transport.out.write(tone(440, 50, 24_000));
  await caller.onset(began);
  await caller.quiet(500);
  expect(caller.hearing.loudMs(began)).toBeGreaterThan(900);
  expect(shareOf(440, caller.hearing.samples(began), 16_000)).toBeGreaterThan(0.8);
  expect([...agent().trackPublications.keys()]).not.toContain(before);
  expect(most).toBe(1);
}, 120_000);

it("takes the server's word for a caller who hears the agent with holes", async () => {
  const { line, transport, sink } = await meet("down");
  const speaking = setInterval(() => {
    while (transport.out.queuedMs() < 200) transport.out.write(tone(440, 40, 24_000));
  }, 40);
  onEnd(() => clearInterval(speaking));
  line.loss.down = 0.5;
  await sink.until(() => sink.has("connectionQuality", "ann", "poor"), 60_000);
  // Nothing was lost of her own voice, nor between the agent and the server.
  expect(sink.connections.findLast(of("ann"))?.lossShare).toBeLessThan(0.05);
  expect(sink.connections.filter(of(null)).filter(({ quality }) => quality !== "excellent")).toEqual([]);
}, 120_000);

/** A voice in a room with a caller who hears it. */
async function voiceIn(name: string) {
  const voice = new AgentVoice(systemClock, silentLog);
  const room = await connectRoom({
    url: server.url,
    token: await mintAgentToken({ ...keys, room: name, identity: "agent-x" }),
    connectTimeoutMs: 10_000,
    gate: new JoinGate(1),
    signal: new AbortController().signal,
    clock: systemClock,
    log: silentLog,
    autoSubscribe: false,
    prepare: () => {},
  });
  onEnd(async () => {
    await leaveRoom(room, systemClock, silentLog);
    await voice.close();
  });
  await voice.publish(room, 80_000);
  const caller = await callerIn(server.url, name);
  const says = (frequencyHz: number, ms: number) => {
    for (let at = 0; at < ms; at += 50) voice.write(tone(frequencyHz, 50, 24_000));
  };
  says(300, 300);
  await caller.onset(0);
  await caller.quiet(500);
  const tracks = async () => {
    const known = new RoomServiceClient(server.url.replace(/^ws/, "http"), keys.apiKey, keys.apiSecret);
    const people = await known.listParticipants(name);
    return people.find(({ identity }) => identity === "agent-x")?.tracks.length;
  };
  return { voice, room, caller, says, tracks };
}

it("changes the bitrate back and forth, and every word said meanwhile is heard", async () => {
  const { voice, room, caller, says, tracks } = await voiceIn("forth");
  for (const [bitrateBps, frequencyHz] of [
    [24_000, 400],
    [80_000, 500],
  ] as const) {
    const began = performance.now();
    const changing = voice.changeBitrate(room, bitrateBps);
    says(frequencyHz, 800);
    await changing;
    await caller.onset(began);
    await caller.quiet(500);
    expect(caller.hearing.loudMs(began)).toBeGreaterThan(720);
    expect(shareOf(frequencyHz, caller.hearing.samples(began), 16_000)).toBeGreaterThan(0.8);
    expect(await tracks()).toBe(1);
  }
}, 60_000);

it.each([0, 60, 200])(
  "the voice is one track, and heard, when the connection is made anew %i ms into the change",
  async (delayMs) => {
    const { voice, room, caller, says, tracks } = await voiceIn(`anew-${delayMs}`);
    const changing = voice.changeBitrate(room, 24_000).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await room.simulateScenario(SimulateScenarioKind.SIMULATE_FULL_RECONNECT);
    await changing;
    const began = performance.now();
    const speaking = setInterval(() => says(440, 100), 100);
    onEnd(() => clearInterval(speaking));
    await caller.onset(began, 60_000);
    await expect.poll(tracks, { timeout: 30_000 }).toBe(1);
  },
  120_000,
);
