import { ConnectionError } from "livekit-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeBrowser } from "../test/fake-environment.ts";
import { fakeParticipant } from "../test/fake-room.ts";
import { createCall } from "./call.ts";
import type { CallOptions } from "./options.ts";
import type { CallState } from "./state.ts";

let browser: FakeBrowser;
const open = (options: Partial<CallOptions> = {}) =>
  createCall({ tokenEndpoint: "/api/token", ...options } as CallOptions, browser.environment());

beforeEach(() => {
  vi.useFakeTimers();
  browser = new FakeBrowser();
});
afterEach(() => {
  vi.useRealTimers();
});

const failure = (state: CallState) => (state.status === "failed" ? state.error.code : state.status);

describe("joining", () => {
  it("asks for a token in the standard endpoint's words and connects to the server it names", async () => {
    const call = open({ agent: "receptionist", room: "lobby", name: "Ada", metadata: { plan: "gold" } });
    await call.join();
    expect(browser.requests).toEqual([
      {
        url: "/api/token",
        body: {
          room_name: "lobby",
          participant_name: "Ada",
          participant_metadata: '{"plan":"gold"}',
          room_config: { agents: [{ agent_name: "receptionist" }] },
        },
      },
    ]);
    expect(browser.room.connectedTo).toEqual({ url: "ws://live", token: "jwt" });
    expect(browser.room.published).toEqual([browser.track]);
    expect(call.state).toMatchObject({ status: "connected", agentState: "connecting", room: "room-1", agent: null });
  });

  it("lets join() override what createCall was given, and a server address of its own win", async () => {
    const call = open({ agent: "a", name: "Ada", serverUrl: "wss://elsewhere" });
    await call.join({ agent: "b" });
    expect(browser.requests[0]?.body).toEqual({
      participant_name: "Ada",
      room_config: { agents: [{ agent_name: "b" }] },
    });
    expect(browser.room.connectedTo?.url).toBe("wss://elsewhere");
  });

  it("works with a token at hand, asked for anew at every join", async () => {
    let asked = 0;
    const token = async () => `jwt-${++asked}`;
    const call = createCall({ serverUrl: "ws://mine", token }, browser.environment());
    await call.join();
    await call.leave();
    await call.join();
    expect(browser.requests).toEqual([]);
    expect(browser.room.connectedTo).toEqual({ url: "ws://mine", token: "jwt-2" });
  });

  it("buffers the microphone before the call stands unless told not to", async () => {
    await open().join();
    await open({ preConnectAudio: false }).join();
    expect(browser.captures.map((capture) => capture.buffered)).toEqual([true, false]);
  });

  it("publishes the microphone as soon as the server knows us, before the connection is complete", async () => {
    let complete = () => {};
    browser.prepareRoom = (room) => {
      room.onConnect = () => {
        room.emit("signalConnected");
        return new Promise<void>((resolve) => (complete = resolve));
      };
    };
    const joined = open().join();
    await vi.waitFor(() => expect(browser.room.published).toHaveLength(1));
    complete();
    await joined;
  });

  it("is one join however often it is called while under way", async () => {
    const call = open();
    await Promise.all([call.join(), call.join()]);
    await call.join();
    expect(browser.rooms).toHaveLength(1);
  });

  it("only listens when told so: no microphone is opened", async () => {
    const call = open();
    await call.join({ microphone: false });
    expect(call.state.status).toBe("connected");
    expect(browser.captures).toEqual([]);
  });

  it("says which step it is at", async () => {
    let allow = () => {};
    browser.capture = () => new Promise((resolve) => (allow = resolve));
    const call = open();
    const joined = call.join();
    expect(call.state).toEqual({ status: "connecting", step: "microphone" });
    await vi.waitFor(() => expect(browser.captures).toHaveLength(1));
    allow();
    await vi.waitFor(() => expect(call.state).not.toEqual({ status: "connecting", step: "microphone" }));
    await joined;
  });
});

describe("joining that fails", () => {
  const cases: [string, string, () => void][] = [
    ["a page without secure context", "insecure-context", () => (browser.secure = false)],
    ["no microphone", "no-microphone", () => (browser.capture = rejectWith("NotFoundError"))],
    ["permission denied", "microphone-denied", () => (browser.capture = rejectWith("NotAllowedError"))],
    ["a microphone in use", "microphone-busy", () => (browser.capture = rejectWith("NotReadableError"))],
    ["a server that isn't there", "server-away", () => (browser.respond = rejectWith("TypeError"))],
    ["a server that fails", "server-away", () => (browser.respond = async () => new Response("", { status: 502 }))],
    ["a page instead of a token", "server-away", () => (browser.respond = async () => new Response("<html>"))],
    ["a refusal", "token-refused", () => (browser.respond = async () => new Response("no", { status: 403 }))],
    ["a room server that is away", "server-away", () => onConnect(ConnectionError.serverUnreachable("gone"))],
    ["a room server that times out", "server-away", () => onConnect(ConnectionError.timeout("slow"))],
    ["a token that LiveKit refuses", "token-refused", () => onConnect(ConnectionError.notAllowed("bad", 401))],
    ["a browser without WebRTC", "unsupported-browser", () => onConnect(new Error("isn't supported on this browser"))],
    ["what nobody foresaw", "unexpected", () => onConnect(new Error("?"))],
  ];
  const rejectWith = (name: string) => () => Promise.reject(new DOMException("as the browser says it", name));
  const onConnect = (error: Error) => {
    browser.prepareRoom = (room) => {
      room.onConnect = async () => {
        room.emit("disconnected", 7);
        throw error;
      };
    };
  };

  it.each(cases)("%s is %s, said in a sentence, with nothing left open", async (_, code, arrange) => {
    arrange();
    const call = open();
    await call.join();
    expect(failure(call.state)).toBe(code);
    expect(call.state.status === "failed" && call.state.error.message).toMatch(/^(\S+ ){7,}\S+\.$/);
    expect(browser.tracks.every((track) => track.stopped)).toBe(true);
    expect([browser.taps, browser.meters]).toEqual([0, 0]);
    expect(browser.rooms.every((room) => room.listenerTotal() === 0)).toBe(true);
  });

  it("closes the microphone that opens after the token was refused", async () => {
    let allow = () => {};
    browser.capture = () => new Promise((resolve) => (allow = resolve));
    browser.respond = async () => new Response("no", { status: 401 });
    const call = open();
    await call.join();
    expect(failure(call.state)).toBe("token-refused");
    allow();
    await vi.waitFor(() => expect(browser.tracks[0]?.stopped).toBe(true));
    expect(call.getSnapshot().microphone.use).toBe("off");
  });

  it("gives up on a room server that never answers", async () => {
    browser.prepareRoom = (room) => (room.onConnect = () => new Promise(() => {}));
    const call = open();
    const joined = call.join();
    await vi.advanceTimersByTimeAsync(20_000);
    await joined;
    expect(failure(call.state)).toBe("server-away");
  });

  it("can be tried again", async () => {
    browser.respond = async () => new Response("", { status: 503 });
    const call = open();
    await call.join();
    browser.respond = new FakeBrowser().respond;
    await call.join();
    expect(call.state.status).toBe("connected");
  });
});

describe("the agent", () => {
  it("is the remote participant of kind agent, and its attribute is its state", async () => {
    const call = open();
    await call.join();
    browser.room.agentJoins(fakeParticipant("bob", { isAgent: false }));
    expect(call.state).toMatchObject({ agent: null });
    const avatar = fakeParticipant("avatar", { attributes: { "lk.publish_on_behalf": "agent-1" } });
    browser.room.agentJoins(avatar);
    expect(call.state).toMatchObject({ agent: null });
    const agent = browser.room.agentJoins();
    expect(call.state).toMatchObject({ agent: { id: "agent-1", name: "Mira" }, agentState: "connecting" });
    for (const state of ["listening", "thinking", "speaking", "idle"]) {
      browser.room.agentSays(agent, state);
      expect(call.state).toMatchObject({ status: "connected", agentState: state });
    }
  });

  it("that was there before us is seen", async () => {
    browser.prepareRoom = (room) => {
      room.agentJoins(fakeParticipant("agent-1", { attributes: { "lk.agent.state": "listening" } }));
    };
    const call = open();
    await call.join();
    expect(call.state).toMatchObject({ agentState: "listening", agent: { name: "agent-1" } });
  });

  it("that doesn't come within 10 s is absent, and the room is left", async () => {
    const call = open();
    await call.join();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(call.state.status).toBe("connected");
    await vi.advanceTimersByTimeAsync(1);
    expect(failure(call.state)).toBe("agent-absent");
    expect(browser.room.disconnects).toBe(1);
    expect(browser.track.stopped).toBe(true);
  });

  it("that was lost and is back in time goes on; else the call fails", async () => {
    const call = open();
    await call.join();
    const first = browser.room.agentJoins();
    browser.room.leaves(first, 2);
    expect(call.state).toMatchObject({ status: "connected", agent: null, agentState: "connecting" });
    await vi.advanceTimersByTimeAsync(9_000);
    const second = browser.room.agentJoins();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(call.state).toMatchObject({ status: "connected", agent: { id: "agent-1" } });
    browser.room.leaves(second);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(failure(call.state)).toBe("agent-absent");
  });

  it("that leaves by itself ends the call after a moment for another to take over", async () => {
    const call = open();
    await call.join();
    browser.room.leaves(browser.room.agentJoins(), 1);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(call.state.status).toBe("connected");
    browser.nowMs += 65_000;
    await vi.advanceTimersByTimeAsync(1);
    expect(call.state).toEqual({ status: "ended", reason: "agent-left", durationMs: 65_000 });
  });
});

describe("the network", () => {
  it("that goes and comes back keeps the call, however long the agent is out of sight", async () => {
    const call = open();
    await call.join();
    const agent = browser.room.agentJoins();
    browser.room.leaves(agent);
    browser.room.emit("reconnecting");
    expect(call.state).toMatchObject({ status: "reconnecting" });
    await vi.advanceTimersByTimeAsync(30_000);
    browser.room.agentJoins(agent);
    browser.room.emit("reconnected");
    expect(call.state).toMatchObject({ status: "connected", agent: { id: "agent-1" } });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(call.state.status).toBe("connected");
  });

  it.each([
    [undefined, { status: "failed" }],
    [3, { status: "failed" }],
    [2, { status: "ended", reason: "elsewhere" }],
    [4, { status: "ended", reason: "removed" }],
    [5, { status: "ended", reason: "agent-left" }],
  ])("a disconnect with reason %s", async (reason, expected) => {
    const call = open();
    await call.join();
    browser.nowMs += 5_000;
    browser.room.emit("disconnected", reason);
    expect(call.state).toMatchObject({ ...expected, durationMs: 5_000 });
    if (expected.status === "failed") expect(failure(call.state)).toBe("connection-lost");
    expect(browser.track.stopped).toBe(true);
  });
});

describe("leaving", () => {
  it("frees everything, more than once without harm, and says how long it was", async () => {
    const call = open();
    await call.join();
    browser.room.agentJoins();
    const track = { mediaStreamTrack: {} };
    browser.room.emit("trackSubscribed", track, { kind: "audio" }, { isAgent: true });
    expect(call.agentLevel()).toBe(0.5);
    expect(call.microphoneLevel()).toBe(0.5);
    browser.nowMs += 61_000;
    await Promise.all([call.leave(), call.leave()]);
    await call.leave();
    expect(call.state).toEqual({ status: "ended", reason: "left", durationMs: 61_000 });
    expect(browser.room.disconnects).toBe(1);
    expect(browser.room.listenerTotal()).toBe(0);
    expect(browser.track.listenerCount("restarted")).toBe(0);
    expect(browser.track.stopped).toBe(true);
    expect([browser.taps, browser.meters, browser.playing]).toEqual([0, 0, 0]);
    expect(vi.getTimerCount()).toBe(0);
    expect([call.agentLevel(), call.microphoneLevel()]).toEqual([0, 0]);
  });

  it("while joining goes back to idle, and nothing is left behind by the joining", async () => {
    let answer = (_: Response) => {};
    browser.respond = () => new Promise((resolve) => (answer = resolve));
    const call = open();
    const joined = call.join();
    await call.leave();
    expect(call.state).toEqual({ status: "idle" });
    answer(Response.json({ server_url: "ws://late", participant_token: "jwt" }));
    await joined;
    expect(call.state).toEqual({ status: "idle" });
    expect(browser.rooms.every((room) => room.connectedTo === null)).toBe(true);
    expect(browser.tracks.every((track) => track.stopped)).toBe(true);
  });

  it("and talking again begins with an empty page", async () => {
    const call = open();
    await call.join();
    browser.room.agentJoins();
    browser.room.says("lk.transcription", "agent-1", "s", "Hello", { "lk.segment_id": "1" });
    await vi.waitFor(() => expect(call.getSnapshot().transcript).toHaveLength(1));
    await call.leave();
    expect(call.getSnapshot().transcript).toHaveLength(1);
    await call.join();
    expect(call.getSnapshot().transcript).toEqual([]);
    expect(browser.rooms).toHaveLength(2);
  });
});

describe("subscribing", () => {
  it("is told of every change until it unsubscribes, and the device list is watched only meanwhile", async () => {
    const call = open();
    const listener = vi.fn();
    const first = call.subscribe(listener);
    const second = call.subscribe(listener);
    expect(browser.deviceEvents.listenerCount("devicechange")).toBe(1);
    const before = call.getSnapshot();
    await call.join();
    expect(listener).toHaveBeenCalled();
    expect(call.getSnapshot()).not.toBe(before);
    first();
    first();
    expect(browser.deviceEvents.listenerCount("devicechange")).toBe(1);
    second();
    expect(browser.deviceEvents.listenerCount("devicechange")).toBe(0);
    listener.mockClear();
    await call.leave();
    expect(listener).not.toHaveBeenCalled();
  });
});

describe("sound", () => {
  it("held back by the browser asks for a click, and the click frees it", async () => {
    const call = open();
    await call.join();
    browser.room.canPlaybackAudio = false;
    browser.room.emit("audioPlaybackChanged");
    expect(call.getSnapshot()).toMatchObject({ needsGesture: true, soundError: { code: "sound-blocked" } });
    await call.startSound();
    expect(call.getSnapshot().needsGesture).toBe(true);
    browser.room.canPlaybackAudio = true;
    await call.startSound();
    expect(call.getSnapshot()).toMatchObject({ needsGesture: false, soundError: null });
  });

  it("of a track that goes is taken off the page", async () => {
    const call = open();
    await call.join();
    const track = { mediaStreamTrack: {} };
    browser.room.emit("trackSubscribed", track, { kind: "audio" }, { isAgent: true });
    browser.room.emit("trackSubscribed", {}, { kind: "video" }, { isAgent: true });
    expect(browser.playing).toBe(1);
    browser.room.emit("trackUnsubscribed", track);
    expect(browser.playing).toBe(0);
  });
});
