import { readFileSync } from "node:fs";
import { AudioSource, LocalAudioTrack, TrackPublishOptions, TrackSource } from "@livekit/rtc-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SimulatedCaller } from "../../caller/simulated-caller.ts";
import { KEY, type LiveServer, liveServer, SECRET } from "../../test/live-server.ts";
import { RecordingSink } from "../../test/recording-sink.ts";
import { strengthOf } from "../../test/tone.ts";
import { mintAgentToken, mintToken } from "../../token/mint.ts";
import { LiveKitTransport } from "../livekit-transport.ts";
import { PRE_CONNECT_TOPIC } from "./pre-connect-audio.ts";

const keys = { apiKey: KEY, apiSecret: SECRET };
let server: LiveServer;
beforeAll(async () => {
  server = await liveServer();
});
afterAll(() => server.remove());

/** A caller whose track promises a recording, as livekit-client does with `preConnectBuffer: true`. */
async function promise(room: string) {
  const transport = new LiveKitTransport({
    url: server.url,
    token: await mintAgentToken({ ...keys, room, identity: "agent-x" }),
  });
  const sink = new RecordingSink();
  await transport.open(sink, new AbortController().signal);
  const token = await mintToken({ ...keys, room, identity: "ann" });
  const caller = await SimulatedCaller.join({ url: server.url, token, microphone: false });
  const source = new AudioSource(48_000, 1);
  const publication = await caller.room.localParticipant!.publishTrack(
    LocalAudioTrack.createAudioTrack("mic", source),
    new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE, preconnectBuffer: true }),
  );
  const end = async () => {
    await caller.leave();
    await transport.close("done");
    await source.close();
  };
  return { sink, caller, trackId: publication.sid!, end };
}

it("is heard before the live sound", async () => {
  const { sink, caller, trackId, end } = await promise("r1");
  await sink.sees("trackSubscribed", "ann");
  const recording = readFileSync(new URL("./fixtures/chromium-600hz.webm", import.meta.url));
  const writer = await caller.room.localParticipant!.streamBytes({
    topic: PRE_CONNECT_TOPIC,
    mimeType: "audio/webm;codecs=opus",
    attributes: { trackId, sampleRate: "48000", channels: "1" },
    destinationIdentities: ["agent-x"],
  });
  expect(sink.frames).toEqual([]);
  for (let at = 0; at < recording.length; at += 5000) await writer.write(recording.subarray(at, at + 5000));
  await writer.close();
  await sink.until(() => sink.frames.length > 100);
  const heard = sink.heard("ann");
  expect(strengthOf(600, heard.subarray(4000, 12_000), 16_000)).toBeGreaterThan(0.9);
  // Then the live track, which is silent.
  expect(Math.max(...heard.subarray(-3200))).toBeLessThan(50);
  await end();
});

it("is not waited for longer than three seconds", async () => {
  const { sink, end } = await promise("r2");
  await sink.sees("trackSubscribed", "ann");
  const subscribed = performance.now();
  await sink.until(() => sink.frames.length > 0);
  expect(performance.now() - subscribed).toBeGreaterThan(2500);
  // Nothing of the live sound was lost meanwhile.
  expect(sink.frames.length).toBeGreaterThan(100);
  await end();
});
