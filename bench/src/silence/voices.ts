/** Program: publishes voices and prints the CPU cores it used. Arguments: url, key, secret, voices, bitrate, "silent" or "speaking". */
import { AudioFrame, AudioSource, LocalAudioTrack, Room, TrackPublishOptions, TrackSource } from "@livekit/rtc-node";
import { mintToken } from "@parley/livekit";
import { speechClip } from "@parley/testkit";
import { Meter } from "../meter.ts";
import { routeEvents } from "../route.ts";
import { now, sleep } from "../time.ts";

const RATE_HZ = 48_000;
const FRAME_SAMPLES = RATE_HZ / 50;
const SETTLE_MS = 3_000;
const MEASURED_MS = 8_000;

const [url = "", apiKey = "", apiSecret = "", voices = "10", bitrate = "64000", what = "silent"] =
  process.argv.slice(2);

const connecting = { autoSubscribe: false, dynacast: false, singlePeerConnection: false };

async function publish(index: number): Promise<AudioSource> {
  const room = new Room();
  const token = await mintToken({ apiKey, apiSecret, room: `silence-${bitrate}-${what}-${index}`, identity: "voice" });
  await room.connect(url, token, connecting);
  const source = new AudioSource(RATE_HZ, 1, 1_000);
  const options = new TrackPublishOptions({
    source: TrackSource.SOURCE_MICROPHONE,
    audioEncoding: { maxBitrate: BigInt(bitrate) },
  });
  await room.localParticipant?.publishTrack(LocalAudioTrack.createAudioTrack("voice", source), options);
  return source;
}

/** Once, or for good. Silence after a voice is coded like the voice. */
async function speak(source: AudioSource, clip: Int16Array, forGood: boolean): Promise<void> {
  do {
    for (let at = 0; at + FRAME_SAMPLES <= clip.length; at += FRAME_SAMPLES)
      await source.captureFrame(new AudioFrame(clip.slice(at, at + FRAME_SAMPLES), RATE_HZ, 1, FRAME_SAMPLES));
  } while (forGood);
}

await routeEvents();
const clip = await speechClip("Could you tell me when the next train to the harbour leaves?", {
  sampleRateHz: RATE_HZ,
});
const sources: AudioSource[] = [];
for (let i = 0; i < Number(voices); i++) sources.push(await publish(i));
const speaking = Promise.all(sources.map((source) => speak(source, clip, what === "speaking")));
if (what === "silent") await speaking;
await sleep(SETTLE_MS);
const meter = new Meter(process.pid);
const began = now();
await sleep(MEASURED_MS);
meter.sample();
console.log(meter.cpuSeconds / ((now() - began) / 1000));
process.exit(0);
