import { peak, rms, toDb } from "@parley/audio";
import { ParleyError, type Participant, type Transport, type TransportSink } from "@parley/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tone } from "../speech/sounds.ts";
import { eventually, expectCancelled, noUnhandledRejections, within } from "./checks.ts";

/** Somebody at the far side of the transport, whom the suite tells what to do. */
export interface TransportPeer {
  readonly participantId: string;
  /** Comes in with a microphone and listens. */
  join(): Promise<void>;
  /** Speaks 16 kHz sound in real time; resolves when it has been said. */
  say(samples: Int16Array): Promise<void>;
  type(text: string): Promise<void>;
  /** What it has heard since it joined: mono, any rate. */
  heard(): { samples: Int16Array; sampleRateHz: number };
  leave(): Promise<void>;
}

export interface TransportUnderTest {
  transport: Transport;
  peer: TransportPeer;
  /** Takes the room away: servers, peers. */
  close(): Promise<void>;
}

export interface TransportConformanceOptions {
  /** The longest that the room may take to tell or carry something. Default 10 s. */
  timeoutMs?: number;
}

/** What every Transport owes a call: the docstrings of packages/engine/src/ports/transport.ts as tests. Real time. */
export function transportConformance(
  name: string,
  make: () => TransportUnderTest | Promise<TransportUnderTest>,
  options: TransportConformanceOptions = {},
) {
  const { timeoutMs = 10_000 } = options;

  describe(`${name} is a Transport`, { timeout: timeoutMs * 4 }, () => {
    noUnhandledRejections();
    let under: TransportUnderTest;
    let seen: Seen;
    const never = new AbortController().signal;
    beforeEach(async () => {
      under = await make();
      seen = new Seen();
    });
    afterEach(async () => {
      await under.transport.close("test ended");
      await under.close();
    });

    const meet = async () => {
      await within(under.transport.open(seen.sink, never), timeoutMs, "open");
      await within(under.peer.join(), timeoutMs, "join");
      await eventually(() => seen.listeners.has(under.peer.participantId), timeoutMs, "listenerReady");
    };

    it("tells who came, with a microphone, and that they hear", async () => {
      await meet();
      await eventually(() => seen.joined.length > 0 && seen.tracks.length > 0, timeoutMs, "participant and track");
      expect(seen.joined.map((participant) => participant.participantId)).toEqual([under.peer.participantId]);
      expect(["standard", "sip", "agent", "other"]).toContain(seen.joined[0]!.kind);
      expect(seen.tracks[0]).toMatchObject({ participantId: under.peer.participantId, kind: "audio" });
    });

    it("tells of those who were there before it", async () => {
      await within(under.peer.join(), timeoutMs, "join");
      await within(under.transport.open(seen.sink, never), timeoutMs, "open");
      await eventually(() => seen.listeners.has(under.peer.participantId), timeoutMs, "listenerReady");
      expect(seen.joined.map((participant) => participant.participantId)).toEqual([under.peer.participantId]);
    });

    it("brings a caller's sound at 16 kHz, whole and as loud as it was", async () => {
      await meet();
      await within(under.peer.say(tone(1000, 16_000, 440, -14)), timeoutMs, "say");
      await eventually(() => seen.loudMs() > 800, timeoutMs, "the caller's sound");
      expect(seen.loudMs()).toBeLessThan(1200);
      expect(Math.abs(seen.loudDb() + 14)).toBeLessThan(4);
      expect(seen.speakers).toEqual(new Set([under.peer.participantId]));
    });

    it("plays what is written, from a buffer that is used again, and says how much is left", async () => {
      await meet();
      const { out } = under.transport;
      await speakReusing(under.transport, 1000);
      await eventually(() => out.queuedMs() === 0, timeoutMs, "the end of the queue");
      await eventually(() => heardMs(under.peer) > 800, timeoutMs, "the agent's voice at the peer");
      expect(heardMs(under.peer)).toBeLessThan(1250);
    });

    it("drops what is queued when cleared", async () => {
      await meet();
      const { out } = under.transport;
      await speakReusing(under.transport, 300);
      const frame = voice(out.sampleRateHz);
      for (let i = 0; i < 20; i++) out.write(frame);
      expect(out.queuedMs()).toBeGreaterThan(200);
      out.clear();
      expect(out.queuedMs()).toBeLessThan(30);
      out.clear();
      const before = heardMs(under.peer);
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(heardMs(under.peer) - before, "heard after clear").toBeLessThan(250);
    });

    it("brings typed text once", async () => {
      await meet();
      await within(under.peer.type("Hello, agent 👋"), timeoutMs, "type");
      await eventually(() => seen.texts.length > 0, timeoutMs, "text");
      expect(seen.texts).toEqual([{ participantId: under.peer.participantId, text: "Hello, agent 👋" }]);
    });

    it("takes state, transcript and chat without throwing, before, during and after", async () => {
      const { text } = under.transport;
      const all = () => {
        text.state("listening");
        text.transcript({ participantId: null, segmentId: "s1", text: "Good", final: false });
        text.transcript({ participantId: under.peer.participantId, segmentId: "s2", text: "Hello", final: true });
        text.chat("a link");
      };
      all();
      await meet();
      all();
      await under.transport.close("done");
      all();
    });

    it("tells who left, once", async () => {
      await meet();
      await within(under.peer.leave(), timeoutMs, "leave");
      await eventually(() => seen.left.length > 0, timeoutMs, "participantLeft");
      expect(seen.left).toEqual([under.peer.participantId]);
    });

    it("closes, also twice; then it tells and plays nothing more", async () => {
      await meet();
      const { transport, peer } = under;
      await within(transport.close("done"), timeoutMs, "close");
      await within(transport.close("again"), timeoutMs, "close");
      const before = seen.count();
      transport.out.write(voice(transport.out.sampleRateHz));
      transport.out.clear();
      await within(peer.say(tone(200, 16_000)), timeoutMs, "say").catch(() => {});
      await within(peer.leave(), timeoutMs, "leave").catch(() => {});
      expect(seen.count()).toBe(before);
      expect(transport.out.queuedMs()).toBe(0);
    });

    it("rejects open with category cancelled when its signal is aborted", async () => {
      await expectCancelled(under.transport.open(seen.sink, AbortSignal.abort()), "open with an aborted signal");
      expect(seen.count()).toBe(0);
    });

    it("rejects open with a ParleyError when it was closed", async () => {
      await under.transport.close("before open");
      const error = await within(under.transport.open(seen.sink, never), timeoutMs, "open").catch((thrown) => thrown);
      expect(error).toBeInstanceOf(ParleyError);
    });
  });
}

/** 20 ms, loud. */
function voice(sampleRateHz: number): Int16Array {
  return tone(20, sampleRateHz, 400, -12);
}

/** Writes sound frame by frame as a call does, keeping about 200 ms queued; each frame's buffer is spoiled at once. */
async function speakReusing({ out }: Transport, ms: number): Promise<void> {
  const whole = tone(ms, out.sampleRateHz, 400, -12);
  const frame = new Int16Array(out.sampleRateHz / 50);
  for (let at = 0; at < whole.length; at += frame.length) {
    while (out.queuedMs() > 200) await new Promise((resolve) => setTimeout(resolve, 10));
    frame.set(whole.subarray(at, at + frame.length));
    out.write(frame);
    frame.fill(0);
  }
}

const LOUD_DB = -35;

/** How much of what the peer heard was the agent's voice. */
function heardMs(peer: TransportPeer): number {
  const { samples, sampleRateHz } = peer.heard();
  const frame = Math.round(sampleRateHz / 50);
  let loud = 0;
  for (let at = 0; at + frame <= samples.length; at += frame) {
    if (toDb(rms(samples.subarray(at, at + frame))) > LOUD_DB) loud++;
  }
  return loud * 20;
}

/** Everything a transport told. */
class Seen {
  readonly joined: Participant[] = [];
  readonly left: string[] = [];
  readonly tracks: { participantId: string; kind: string }[] = [];
  readonly texts: { participantId: string; text: string }[] = [];
  readonly listeners = new Set<string>();
  readonly speakers = new Set<string>();
  #frames = 0;
  #others = 0;
  #loudSamples = 0;
  #loudest = 0;

  readonly sink: TransportSink = {
    participantJoined: (participant) => void this.joined.push(participant),
    participantLeft: (participantId) => void this.left.push(participantId),
    trackSubscribed: (participantId, track) => void this.tracks.push({ participantId, kind: track.kind }),
    trackEnded: () => void this.#others++,
    trackFailed: () => void this.#others++,
    listenerReady: (participantId) => void this.listeners.add(participantId),
    audio: (participantId, frame) => {
      this.#frames++;
      this.speakers.add(participantId);
      const db = toDb(rms(frame));
      if (peak(frame) > 0) this.#loudest = Math.max(this.#loudest, rms(frame));
      if (db > LOUD_DB) this.#loudSamples += frame.length;
    },
    text: (participantId, message) => void this.texts.push({ participantId, text: message.text }),
    dtmf: () => void this.#others++,
    network: () => void this.#others++,
    connectionQuality: () => void this.#others++,
    closed: () => void this.#others++,
  };

  loudMs(): number {
    return this.#loudSamples / 16;
  }

  loudDb(): number {
    return toDb(this.#loudest);
  }

  /** Things told so far. */
  count(): number {
    return this.#frames + this.#others + this.joined.length + this.left.length + this.texts.length + this.tracks.length;
  }
}
