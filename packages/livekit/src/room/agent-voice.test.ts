import type { Room } from "@livekit/rtc-node";
import { virtualClock } from "@parley/testkit";
import { beforeEach, expect, it, vi } from "vitest";
import { silentLog } from "../log.ts";
import { AgentVoice } from "./agent-voice.ts";

interface Capture {
  samples: Int16Array;
  done: () => void;
  fail: (error: Error) => void;
}

/** What the native source was asked, in order; captures end when the test says so. */
const native = vi.hoisted(() => ({ asked: [] as string[], captures: [] as Capture[], returned: [] as boolean[] }));

vi.mock("./audio-sources.ts", () => ({
  VOICE_RATE_HZ: 48_000,
  takeSource: () => ({
    captureFrame: ({ data }: { data: Int16Array }) => {
      native.asked.push(`capture ${data.length}`);
      return new Promise<void>((done, fail) => native.captures.push({ samples: data, done, fail }));
    },
    clearQueue: () => native.asked.push("clear"),
  }),
  returnSource: async (_: unknown, serverEnded: boolean) => native.returned.push(serverEnded),
}));

vi.mock("@livekit/rtc-node", async (original) => ({
  ...(await original<typeof import("@livekit/rtc-node")>()),
  LocalAudioTrack: { createAudioTrack: () => ({ close: async () => native.asked.push("track closed") }) },
}));

const FRAME = 960; // 20 ms
const frame = (value = 1) => new Int16Array(FRAME).fill(value);
const setup = () => {
  const clock = virtualClock();
  const voice = new AgentVoice(clock, silentLog);
  return { clock, voice, settled: () => clock.advance(0) };
};

beforeEach(() => {
  native.asked.length = 0;
  native.captures.length = 0;
  native.returned.length = 0;
});

it("has one capture under way; what is written meanwhile goes with the next, in order", async () => {
  const { voice, settled } = setup();
  for (const value of [1, 2, 3]) voice.write(frame(value));
  expect(native.asked).toEqual(["capture 960"]);
  native.captures[0]?.done();
  await settled();
  expect(native.asked).toEqual(["capture 960", "capture 1920"]);
  expect([native.captures[1]?.samples[0], native.captures[1]?.samples[FRAME]]).toEqual([2, 3]);
});

it("copies what it is given, into a buffer of its own (AudioFrame ignores byteOffset)", () => {
  const { voice } = setup();
  const shared = new Int16Array(FRAME * 2).fill(7, FRAME);
  voice.write(shared.subarray(FRAME));
  shared.fill(0);
  const [capture] = native.captures;
  expect(capture?.samples[0]).toBe(7);
  expect(capture?.samples.buffer.byteLength).toBe(FRAME * 2);
});

it("counts what waits here and what the native queue still holds, as time passes", async () => {
  const { clock, voice, settled } = setup();
  for (let i = 0; i < 10; i++) voice.write(frame());
  expect(voice.queuedMs()).toBe(200);
  native.captures[0]?.done();
  await settled();
  expect(voice.queuedMs()).toBe(200);
  await clock.advance(150);
  expect(voice.queuedMs()).toBe(50);
  await clock.advance(500);
  expect(voice.queuedMs()).toBe(0);
  native.captures[1]?.done();
  await settled();
  voice.write(frame());
  expect(voice.queuedMs()).toBe(20);
});

it("clears again when a capture from before the clear arrives after it, before anything new is sent", async () => {
  const { voice, settled } = setup();
  voice.write(frame(1));
  voice.write(frame(2));
  voice.clear();
  expect(voice.queuedMs()).toBe(0);
  voice.write(frame(3));
  expect(native.asked).toEqual(["capture 960", "clear"]);
  native.captures[0]?.done();
  await settled();
  expect(native.asked).toEqual(["capture 960", "clear", "clear", "capture 960"]);
  expect(native.captures[1]?.samples[0]).toBe(3);
});

it("drops what nobody takes beyond two seconds, and survives a failing capture", async () => {
  const { voice, settled } = setup();
  for (let i = 0; i < 200; i++) voice.write(frame());
  native.captures[0]?.fail(new Error("failed to capture frame"));
  await settled();
  expect(native.asked).toEqual(["capture 960", `capture ${FRAME * 100}`]);
});

it("hands its source back only when nothing is on its way into it", async () => {
  const { voice, settled } = setup();
  voice.write(frame());
  const closing = Promise.all([voice.close(true), voice.close()]);
  await settled();
  expect(native.returned).toEqual([]);
  native.captures[0]?.done();
  await closing;
  expect(native.returned).toEqual([true]);
  voice.write(frame());
  voice.clear();
  expect(native.captures).toHaveLength(1);
});

it("publishes an Opus track of the wanted bitrate as its microphone", async () => {
  const { voice } = setup();
  const publishTrack = vi.fn(async () => ({}));
  await voice.publish({ localParticipant: { publishTrack }, on: vi.fn() } as unknown as Room, 32_000);
  expect(publishTrack.mock.calls[0]?.[1 as never]).toMatchObject({ source: 2, audioEncoding: { maxBitrate: 32_000n } });
});
