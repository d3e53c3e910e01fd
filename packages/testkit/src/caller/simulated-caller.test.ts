import { rms } from "@parley/audio";
import type { TransportSink } from "@parley/engine";
import { beforeEach, describe, expect, it } from "vitest";
import { type VirtualClock, virtualClock } from "../clock/virtual-clock.ts";
import { silence, tone } from "../speech/sounds.ts";
import { type FakeTransport, fakeTransport } from "../transport/fake-transport.ts";
import { simulatedCaller } from "./simulated-caller.ts";

/** A call that does nothing but note what it is told. */
function notingSink(clock: VirtualClock) {
  const told: string[] = [];
  const audio: { atMs: number; level: number }[] = [];
  const tell =
    (what: string) =>
    (...args: unknown[]) =>
      void told.push(`${what} ${String(args[0] instanceof Object ? "" : args[0])}`.trim());
  const sink: TransportSink = {
    participantJoined: tell("joined"),
    participantLeft: tell("left"),
    trackSubscribed: tell("track"),
    trackEnded: tell("track-ended"),
    trackFailed: tell("track-failed"),
    listenerReady: tell("listener"),
    audio: (_, frame) => void audio.push({ atMs: clock.now(), level: rms(frame) }),
    text: tell("text"),
    dtmf: tell("dtmf"),
    network: tell("network"),
    connectionQuality: tell("connection"),
    closed: tell("closed"),
  };
  return { told, audio, sink };
}

let clock: VirtualClock;
let transport: FakeTransport;
let noted: ReturnType<typeof notingSink>;
beforeEach(async () => {
  clock = virtualClock({ startMs: 1000 });
  transport = fakeTransport({ clock });
  noted = notingSink(clock);
  await transport.open(noted.sink, new AbortController().signal);
});

/** What the agent says: `ms` of sound, from now, as a call would write it. */
function agentSays(ms: number): void {
  for (let i = 0; i < ms / 20; i++) transport.out.write(tone(20, 48_000, 400, -15));
}

describe("simulatedCaller", () => {
  it("speaks frame by frame in the clock's time, silence around it, clips one after the other", async () => {
    const caller = simulatedCaller(transport);
    caller.join();
    expect(noted.told).toEqual(["joined", "track caller", "listener caller"]);
    await clock.advance(200);
    const clips = [caller.say(tone(100)), caller.say(tone(50))];
    await clock.advance(400);
    expect(await Promise.all(clips)).toEqual([
      { startMs: 1200, endMs: 1300 },
      { startMs: 1300, endMs: 1350 },
    ]);
    expect(noted.audio).toHaveLength(30);
    expect(noted.audio[0]!.atMs).toBe(1020);
    const loud = noted.audio.filter((frame) => frame.level > 500);
    expect(loud[0]!.atMs).toBe(1220);
    expect(loud).toHaveLength(8);
  });

  it("hears onset, end and level of the agent, and measures the reaction", async () => {
    const caller = simulatedCaller(transport);
    caller.join();
    const said = caller.say(tone(500));
    await clock.advance(500);
    await said;
    expect(caller.reactionMs()).toBeNull();
    await clock.advance(640);
    agentSays(400);
    await clock.advance(300);
    expect(caller.heard()).toMatchObject([{ startMs: 2140, endMs: 2440 }]);
    await clock.advance(1000);
    agentSays(200);
    await clock.advance(1000);
    const heard = caller.heard();
    expect(heard).toMatchObject([
      { startMs: 2140, endMs: 2540 },
      { startMs: 3440, endMs: 3640 },
    ]);
    expect(heard[0]!.peakDb).toBeCloseTo(-15, 0);
    expect(caller.reactionMs()).toBe(640);
    expect(rms(caller.recording(2140, 2540))).toBeGreaterThan(3000);
    expect(rms(caller.recording(2540, 3440))).toBe(0);
  });

  it("does not hear what was cleared before its time", async () => {
    const caller = simulatedCaller(transport);
    caller.join();
    agentSays(1000);
    expect(transport.out.queuedMs()).toBeCloseTo(1000);
    await clock.advance(250);
    expect(transport.out.queuedMs()).toBeCloseTo(750);
    transport.out.clear();
    expect(transport.out.queuedMs()).toBe(0);
    await clock.advance(50);
    agentSays(100);
    await clock.advance(1000);
    expect(caller.heard(20)).toMatchObject([
      { startMs: 1000, endMs: 1260 },
      { startMs: 1300, endMs: 1400 },
    ]);
    expect(transport.out.playedMs()).toBeCloseTo(350);
    expect(transport.out.mostQueuedMs).toBeCloseTo(1000);
  });

  it("hushes, loses its network, types, presses and leaves", async () => {
    const caller = simulatedCaller(transport, { openMicrophone: false });
    caller.join();
    const said = caller.say(tone(1000));
    await clock.advance(300);
    caller.hush();
    expect(await said).toEqual({ startMs: 1000, endMs: 1300 });
    await clock.advance(300);
    expect(noted.audio).toHaveLength(15);
    caller.loseNetwork();
    const unheard = caller.say(tone(100));
    await clock.advance(200);
    await unheard;
    expect(noted.audio).toHaveLength(15);
    caller.regainNetwork();
    caller.type("hello");
    caller.press("5");
    caller.leave();
    caller.leave();
    expect(noted.told.slice(3)).toEqual([
      "network caller",
      "network caller",
      "text caller",
      "dtmf caller",
      "track-ended caller",
      "left caller",
    ]);
    expect(clock.pending).toBe(0);
    await expect(caller.say(silence(20))).rejects.toThrow(/must join/);
  });
});

describe("fakeTransport", () => {
  it("keeps what the agent shows with its time, and tells nothing after close", async () => {
    transport.text.state("listening");
    await clock.advance(100);
    transport.text.transcript({ participantId: null, segmentId: "1", text: "Hi", final: true });
    transport.text.chat("a link");
    expect(transport.states).toEqual([{ atMs: 1000, value: "listening" }]);
    expect(transport.transcripts[0]!.atMs).toBe(1100);
    expect(transport.chats).toEqual([{ atMs: 1100, value: "a link" }]);
    await transport.close("done");
    transport.text.chat("late");
    transport.room.text("caller", { id: "1", text: "late" });
    expect(transport.chats).toHaveLength(1);
    expect(noted.told).toEqual([]);
    expect(transport.closedBecause).toBe("done");
  });

  it("is refused, is slow to open, falls away", async () => {
    const slow = fakeTransport({ clock, openMs: 500 });
    const opening = slow.open(noted.sink, new AbortController().signal);
    await clock.advance(499);
    expect(slow.phase).toBe("new");
    await clock.advance(1);
    await opening;
    expect(slow.phase).toBe("open");
    slow.room.closed("server gone");
    expect(noted.told).toEqual(["closed server gone"]);
    expect(slow.closedBecause).toBe("server gone");
    await expect(slow.open(noted.sink, new AbortController().signal)).rejects.toMatchObject({
      code: "transport-reused",
    });
  });
});
