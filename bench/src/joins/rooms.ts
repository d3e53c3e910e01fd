/** Program: agents join rooms in which callers wait. Arguments: url, key, secret, "one" or "two" connections, rooms, joins at once. */
import {
  AudioFrame,
  AudioSource,
  AudioStream,
  LocalAudioTrack,
  Room,
  RoomEvent,
  TrackPublishOptions,
  TrackSource,
} from "@livekit/rtc-node";
import { mintAgentToken, mintToken } from "@parley/livekit";
import { Meter } from "../meter.ts";
import { routeEvents } from "../route.ts";
import { stats } from "../stats.ts";
import { now, sleep, until } from "../time.ts";

/** What the parent reads from the last line. All in ms. */
export interface JoinsResult {
  /** Until everybody heard everybody. */
  allMs: number;
  cpuMs: number;
  /** From the beginning of an agent's join to its first sound at the caller's ear. */
  heardMs: { p50: number; max: number };
}

const RATE_HZ = 48_000;
const FRAME_MS = 20;
const LOUD = 1_000;
const TIMEOUT_MS = 60_000;

const [url = "", apiKey = "", apiSecret = "", connections = "two", rooms = "10", atOnce = "2"] = process.argv.slice(2);
const options = { autoSubscribe: true, dynacast: false, singlePeerConnection: connections === "one" };
const samples = Int16Array.from({ length: (RATE_HZ * FRAME_MS) / 1000 }, (_, i) => 8_000 * Math.sin(i / 10));

/** Joins, speaks without end, and tells when it first hears somebody. */
async function join(token: string, onHeard: () => void): Promise<void> {
  const room = new Room();
  room.on(RoomEvent.TrackSubscribed, async (track) => {
    for await (const { data } of new AudioStream(track, { sampleRate: 16_000, numChannels: 1, frameSizeMs: FRAME_MS }))
      if (data.some((sample) => Math.abs(sample) > LOUD)) return onHeard();
  });
  await room.connect(url, token, options);
  const source = new AudioSource(RATE_HZ, 1);
  const published = new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE });
  await room.localParticipant?.publishTrack(LocalAudioTrack.createAudioTrack("voice", source), published);
  void (async () => {
    for (;;) await source.captureFrame(new AudioFrame(samples, RATE_HZ, 1, samples.length));
  })();
}

await routeEvents();
const count = Number(rooms);
const access = { apiKey, apiSecret };
const heardAt = new Map<number, number>();
let agentsThatHear = 0;
for (let i = 0; i < count; i++) {
  const token = await mintToken({ ...access, room: `${connections}-${i}`, identity: "caller" });
  await join(token, () => heardAt.set(i, now()));
}
await sleep(2_000);

const meter = new Meter(process.pid);
const began = now();
const joinAt: number[] = [];
const waiting = Array.from({ length: count }, (_, i) => i);
const joinNext = async (): Promise<void> => {
  for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
    joinAt[i] = now();
    const token = await mintAgentToken({ ...access, room: `${connections}-${i}`, identity: "agent" });
    await join(token, () => void agentsThatHear++);
  }
};
await Promise.all(Array.from({ length: Number(atOnce) }, joinNext));
const all = () => heardAt.size === count && agentsThatHear === count;
if (!(await until(all, began + TIMEOUT_MS, 5))) throw new Error("not everybody heard everybody within a minute");
const allMs = now() - began;
meter.sample();
const heard = stats(joinAt.map((at, i) => (heardAt.get(i) ?? at) - at));
const result: JoinsResult = {
  allMs,
  cpuMs: meter.cpuSeconds * 1000,
  heardMs: { p50: heard?.p50 ?? 0, max: heard?.max ?? 0 },
};
console.log(JSON.stringify(result));
process.exit(0);
