import {
  AudioFrame,
  AudioSource,
  AudioStream,
  LocalAudioTrack,
  ParticipantKind,
  Room,
  RoomEvent,
  TrackKind,
  TrackPublishOptions,
  TrackSource,
} from "@livekit/rtc-node";
import { rms } from "@parley/audio";
import { speechClip } from "@parley/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";
import { markedSpeech } from "./support/marked-speech.ts";

const QUESTION = "what time do you open on friday";
const TYPED = "Do you also sell umbrellas?";
const CLIP_RATE_HZ = 16_000;

interface TranscriptStream {
  sender: string;
  text: string;
  attributes: Record<string, string>;
}

const speech = markedSpeech([QUESTION]);
let house: House;
beforeAll(async () => {
  house = await openHouse({
    agent: "repeat",
    openai: {
      transcribe: ({ samples }) => speech.recognise(samples),
      reply: ({ lastUserText }) => `You said: ${lastUserText}`,
      speak: async ({ input }) => await speechClip(input, { sampleRateHz: 24_000 }),
    },
  });
});
afterAll(() => house?.close());

/** A frontend as anybody writes it with LiveKit's SDK: attributes, text streams, chat, sound. Nothing of Parley's. */
async function frontend() {
  const room = new Room();
  const states: string[] = [];
  const transcripts: TranscriptStream[] = [];
  let loudAt = 0;
  const note = (attributes: Record<string, string>) => {
    const state = attributes["lk.agent.state"];
    if (state !== undefined && state !== states.at(-1)) states.push(state);
  };
  room.on(RoomEvent.ParticipantConnected, ({ attributes }) => note(attributes));
  room.on(RoomEvent.ParticipantAttributesChanged, (changed) => note(changed));
  room.on(RoomEvent.TrackSubscribed, async (track) => {
    if (track.kind !== TrackKind.KIND_AUDIO) return;
    for await (const frame of new AudioStream(track, CLIP_RATE_HZ, 1)) {
      if (rms(frame.data) > 500) loudAt = performance.now();
    }
  });
  room.registerTextStreamHandler("lk.transcription", async (reader, { identity }) => {
    const stream = { sender: identity, text: "", attributes: reader.info.attributes ?? {} };
    transcripts.push(stream);
    for await (const chunk of reader) stream.text += chunk;
  });
  await room.connect(house.url, await house.token("shown", "visitor"), { autoSubscribe: true, dynacast: false });
  const source = new AudioSource(CLIP_RATE_HZ, 1);
  const track = LocalAudioTrack.createAudioTrack("microphone", source);
  const publication = await room.localParticipant!.publishTrack(
    track,
    new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }),
  );
  return {
    room,
    states,
    transcripts,
    microphoneSid: publication.sid,
    get loudAt() {
      return loudAt;
    },
    async say(samples: Int16Array) {
      for (let at = 0; at < samples.length; at += 320) {
        const data = new Int16Array(320);
        data.set(samples.subarray(at, at + 320));
        await source.captureFrame(new AudioFrame(data, CLIP_RATE_HZ, 1, 320));
      }
      await source.waitForPlayout();
      return performance.now();
    },
  };
}

it("shows a frontend of LiveKit's conventions the agent's state and both sides' words, and takes its chat", async () => {
  const page = await frontend();
  try {
    const wait = { timeout: 30_000, interval: 50 };
    const finals = () => page.transcripts.filter(({ attributes }) => attributes["lk.transcription_final"] === "true");
    const said = (sender: string) =>
      finals()
        .filter((stream) => stream.sender === sender)
        .map(({ text }) => text);

    // The greeting: heard, shown, and the state around it.
    await expect.poll(() => page.loudAt, wait).toBeGreaterThan(0);
    const agents = [...page.room.remoteParticipants.values()].filter(({ kind }) => kind === ParticipantKind.AGENT);
    expect(agents).toHaveLength(1);
    const agent = agents[0]!.identity;
    await expect.poll(() => said(agent), wait).toEqual(["Hello there."]);
    await expect.poll(() => page.states, wait).toContain("speaking");
    await expect.poll(() => page.states.at(-1), wait).toBe("listening");

    // A spoken question.
    page.states.length = 0;
    const endedAt = await page.say(await speech.speak(QUESTION));
    await expect.poll(() => said("visitor"), wait).toEqual([QUESTION]);
    await expect.poll(() => page.loudAt, wait).toBeGreaterThan(endedAt);
    await expect.poll(() => said(agent).at(-1), wait).toBe(`You said: ${QUESTION}`);
    await expect.poll(() => page.states.filter((state) => state !== "listening"), wait).toContain("speaking");
    await expect.poll(() => page.states.at(-1), wait).toBe("listening");
    expect(page.states.filter((state) => state !== "listening")).toEqual(["thinking", "speaking"]);

    // A typed one is answered by voice and shown the same way.
    const typedAt = performance.now();
    await page.room.localParticipant!.sendText(TYPED, { topic: "lk.chat" });
    await expect.poll(() => page.loudAt, wait).toBeGreaterThan(typedAt);
    await expect.poll(() => said(agent).at(-1), wait).toBe(`You said: ${TYPED}`);

    const segments = finals().map(({ attributes }) => attributes["lk.segment_id"]);
    expect(segments).toHaveLength(4);
    expect(new Set(segments).size).toBe(4);
    for (const stream of page.transcripts) {
      // Every interim belongs to a segment that was finished, by the same speaker, and its words grow into the final.
      const final = finals().find(
        ({ attributes }) => attributes["lk.segment_id"] === stream.attributes["lk.segment_id"],
      );
      expect(final?.sender).toBe(stream.sender);
      expect(final?.text.startsWith(stream.text)).toBe(true);
      expect(stream.attributes["lk.transcription_final"]).toMatch(/^(true|false)$/);
    }
    // The agent's words come while they are spoken, not only at the end.
    expect(page.transcripts.filter(({ sender }) => sender === agent).length).toBeGreaterThan(3);
    const voices = new Map(finals().map(({ sender, attributes }) => [sender, attributes["lk.transcribed_track_id"]]));
    expect(voices.get("visitor")).toBe(page.microphoneSid);
    expect(voices.get(agent)).toBe([...agents[0]!.trackPublications.keys()][0]);
  } finally {
    await page.room.disconnect();
  }
});
