import { readdirSync, readFileSync } from "node:fs";
import { RoomEvent, SimulateScenarioKind } from "@livekit/rtc-node";
import { systemClock } from "@parley/engine";
import { RoomServiceClient } from "livekit-server-sdk";
import { expect, it } from "vitest";
import { roomApi } from "../control/room-api.ts";
import { type Log, silentLog } from "../log.ts";
import type { LiveKitServerOptions } from "../server-process/start.ts";
import { type LiveServer, liveServer } from "../test/live-server.ts";
import { closedAfterEach, keys, parties } from "../test/parties.ts";
import { RecordingSink } from "../test/recording-sink.ts";
import { loudMs, shareOf, tone } from "../test/tone.ts";
import { mintAgentToken } from "../token/agent-token.ts";
import { connectRoom, leaveRoom } from "./connect-room.ts";
import { guardSink } from "./guard-sink.ts";
import { JoinGate } from "./join-gate.ts";
import { RoomSession } from "./room-session.ts";
import { rtcListenerCount } from "./route-events.ts";

const onEnd = closedAfterEach();
const { agentIn, callerIn } = parties(onEnd);

async function ownServer(options: Partial<LiveKitServerOptions> = {}): Promise<LiveServer> {
  const server = await liveServer(options);
  onEnd(() => server.remove());
  return server;
}

async function meet(url: string, room: string) {
  const { transport, sink } = await agentIn(url, room);
  const caller = await callerIn(url, room);
  await sink.sees("listenerReady", "ann");
  return { transport, sink, caller };
}

/** What the server knows. */
const rooms = (url: string) => new RoomServiceClient(url.replace(/^ws/, "http"), keys.apiKey, keys.apiSecret);

const frames = (frequencyHz: number, durationMs: number) => {
  const samples = tone(frequencyHz, durationMs, 24_000);
  return Array.from({ length: durationMs / 20 }, (_, i) => samples.subarray(i * 960, i * 960 + 960));
};

it("survives a full reconnect and a restart of the server: sound, state and transcripts go on", async () => {
  const server = await ownServer();
  const { transport, sink, caller } = await meet(server.url, "r");
  transport.text.state("listening");
  transport.text.recording("on");
  await caller.until(() => caller.agentState === "listening", 5000);
  const dataDir = server.dataDir;

  const bothHear = async () => {
    const now = performance.now();
    await caller.until(() => (caller.hearing.levels.at(-1)?.at ?? 0) > now + 200, 30_000, "the agent's track");
    try {
      await sink.until(() => (sink.frames.at(-1)?.at ?? 0) > now + 200, 30_000);
    } catch (error) {
      const known = await rooms(server.url).listParticipants("r");
      const tracks = known.map(({ identity, tracks }) => `${identity}: ${tracks.map(({ sid }) => sid)}`);
      throw new Error(`the agent does not hear the caller; the server knows ${tracks.join("; ")}`, { cause: error });
    }
  };
  const works = async (frequencyHz: number) => {
    const began = performance.now();
    for (const frame of frames(frequencyHz, 800)) transport.out.write(frame);
    await caller.speak(tone(frequencyHz * 2, 800, 16_000), 16_000);
    await caller.onset(began);
    await caller.quiet(500);
    await sink.until(() => loudMs(sink.heard("ann", began)) > 600);
    expect(shareOf(frequencyHz, caller.hearing.samples(began), 16_000)).toBeGreaterThan(0.7);
    expect(shareOf(frequencyHz * 2, sink.heard("ann", began), 16_000)).toBeGreaterThan(0.7);
  };
  await works(400);
  const reconnected = new Promise((resolve) => caller.room.once(RoomEvent.Reconnected, () => resolve(null)));
  await caller.room.simulateScenario(SimulateScenarioKind.SIMULATE_FULL_RECONNECT);
  await reconnected;
  await bothHear();
  await works(500);

  process.kill(server.pid, "SIGKILL");
  await sink.sees("network", "ann", "lost");
  await ownServer({ dataDir, port: server.port, udpPort: server.udpPort });
  await sink.until(() => sink.has("network", "ann", "back") || sink.count("participantJoined", "ann") > 1, 30_000);
  await bothHear();
  await works(600);
  transport.text.transcript({ participantId: null, segmentId: "s", text: "still here", final: true });
  await caller.until(() => caller.transcripts.get("s")?.text === "still here", 5000);
  expect(sink.has("closed")).toBe(false);
  // The new server knew neither the agent's state nor that it records: both were said again.
  const shown = () => caller.room.remoteParticipants.get("agent-x")?.attributes ?? {};
  await caller.until(() => shown()["lk.agent.state"] === "listening" && shown()["parley.recording"] === "on", 5000);
}, 120_000);

it("hears at once after a full reconnect of its own", async () => {
  const { url } = await ownServer();
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (_, message) => void warnings.push(message) };
  const sink = new RecordingSink();
  const session = new RoomSession({
    sink: guardSink(sink, log),
    clock: systemClock,
    log,
    subscribeRetries: 3,
    subscribeTimeoutMs: 5000,
    hearingFrameMs: 32,
    outbound: async () => null,
    onReconnected: () => {},
    onEnded: () => {},
  });
  const room = await connectRoom({
    url,
    token: await mintAgentToken({ ...keys, room: "r", identity: "agent-x" }),
    connectTimeoutMs: 10_000,
    gate: new JoinGate(1),
    signal: new AbortController().signal,
    clock: systemClock,
    log,
    autoSubscribe: false,
    prepare: (unjoined) => session.attach(unjoined),
  });
  onEnd(async () => {
    session.close();
    await leaveRoom(room, systemClock, log);
  });
  session.begin(room);
  await callerIn(url, "r");
  await sink.sees("trackSubscribed", "ann");
  await room.simulateScenario(SimulateScenarioKind.SIMULATE_FULL_RECONNECT);
  await sink.until(() => sink.count("trackSubscribed", "ann") === 2, 20_000);
  // What is asked for while the connection is being made anew gets lost: to wait for it is five seconds of deafness.
  expect(warnings).not.toContain("could not subscribe to a track");
}, 60_000);

it("is heard again when the connection breaks in the middle of being made anew", async () => {
  let server = await ownServer();
  const { transport, caller } = await meet(server.url, "r");
  const { dataDir, port, udpPort } = server;
  const again = async () => {
    process.kill(server.pid, "SIGKILL");
    // Waits for its end.
    await server.stop();
    server = await ownServer({ dataDir, port, udpPort });
  };
  // The first thing that a new server says to who comes back: the tracks are not there yet.
  const rejoined = new Promise<void>((resolve) => caller.room.once(RoomEvent.TokenRefreshed, () => resolve()));
  await again();
  await rejoined;
  await again();
  const from = performance.now();
  const speaking = setInterval(() => transport.out.write(tone(440, 100, 24_000)), 100);
  onEnd(() => clearInterval(speaking));
  await caller.onset(from, 60_000);
  await expect
    .poll(async () => (await rooms(server.url).listParticipants("r")).map(({ tracks }) => tracks.length), {
      timeout: 60_000,
    })
    .toEqual([1, 1]);
}, 180_000);

it("tells the call when the server never comes back", async () => {
  const server = await ownServer();
  const { sink } = await meet(server.url, "r");
  process.kill(server.pid, "SIGKILL");
  await sink.sees("network", "ann", "lost");
  await sink.until(() => sink.has("closed", "connection-lost"), 90_000);
}, 120_000);

it("leaves nothing behind: thirty rooms joined and left, by both sides and by the server", async () => {
  const server = await ownServer();
  const api = roomApi({ url: server.url, ...keys });
  const before = rtcListenerCount();
  /** Each open voice has one such thread (the kernel keeps 15 letters of its name). */
  const voiceThreads = () => {
    if (process.platform !== "linux") return 0;
    const names = readdirSync("/proc/self/task").map((id) => readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim());
    return names.filter((name) => name === "AudioSourceCapt").length;
  };
  for (let i = 0; i < 30; i++) {
    const { transport, sink, caller } = await meet(server.url, `r${i}`);
    transport.text.transcript({ participantId: null, segmentId: "s", text: "hello", final: i % 2 === 0 });
    transport.out.write(tone(440, 100, 24_000));
    await sink.until(() => sink.frames.length > 0);
    if (i % 3 === 0) await caller.leave();
    if (i % 3 === 1) {
      await api.deleteRoom(`r${i}`);
      await sink.sees("closed", "room-deleted");
      await caller.until(() => caller.lost !== null, 5000);
    }
    await transport.close("done");
    await caller.leave();
  }
  // A question for statistics that nobody answers any more is given up after 2 s.
  await expect.poll(rtcListenerCount, { timeout: 5000 }).toBe(before);
  // Two voices at a time; a few that the server ended are kept to be used again.
  expect(voiceThreads()).toBeLessThanOrEqual(6);
}, 180_000);
