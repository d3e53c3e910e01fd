import { readFileSync } from "node:fs";
import { AudioSource, LocalAudioTrack, TrackPublishOptions, TrackSource } from "@livekit/rtc-node";
import { expect, it } from "vitest";
import { closedAfterEach, parties, sharedServer } from "../../test/parties.ts";
import type { RecordingSink } from "../../test/recording-sink.ts";
import { strengthOf } from "../../test/tone.ts";
import { PRE_CONNECT_TOPIC } from "./pre-connect-audio.ts";

const server = sharedServer();
const onEnd = closedAfterEach();
const { agentIn, callerIn } = parties(onEnd);

/** A caller whose track promises a recording, as livekit-client does with `preConnectBuffer: true`. */
async function promise(room: string) {
  const { sink } = await agentIn(server.url, room);
  const source = new AudioSource(48_000, 1);
  onEnd(() => source.close());
  const caller = await callerIn(server.url, room, { microphone: false });
  const publication = await caller.room.localParticipant!.publishTrack(
    LocalAudioTrack.createAudioTrack("mic", source),
    new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE, preconnectBuffer: true }),
  );
  return { sink, caller, trackId: publication.sid! };
}

const heardMs = (sink: RecordingSink) => sink.heard("ann").length / 16;

it("is heard before the live sound", async () => {
  const { sink, caller, trackId } = await promise("r1");
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
  await sink.until(() => heardMs(sink) > 2000);
  const heard = sink.heard("ann");
  expect(strengthOf(600, heard.subarray(4000, 12_000), 16_000)).toBeGreaterThan(0.9);
  // Then the live track, which is silent.
  expect(Math.max(...heard.subarray(-3200))).toBeLessThan(50);
});

it("is not waited for longer than three seconds", async () => {
  const { sink } = await promise("r2");
  await sink.sees("trackSubscribed", "ann");
  const subscribed = performance.now();
  await sink.until(() => sink.frames.length > 0);
  expect(performance.now() - subscribed).toBeGreaterThan(2500);
  // Nothing of the live sound was lost meanwhile.
  expect(heardMs(sink)).toBeGreaterThan(2000);
});
