import {
  AudioFrame,
  AudioSource,
  AudioStream,
  LocalAudioTrack,
  type RemoteTrack,
  Room,
  RoomEvent,
  TrackKind,
  TrackPublishOptions,
  TrackSource,
} from "@livekit/rtc-node";
import { concat, Resampler } from "@parley/audio";
import { forget } from "../../src/route.ts";
import { type ChatMessage, speech, think, transcribe } from "./providers.ts";
import type { Voicing } from "./voicing.ts";
import type { Job } from "./worker.ts";

const END_MS = Number(process.env.ENDPOINT_MS ?? 300);
const START_MS = 60;
const PREFIX_MS = 200;
const IN_RATE_HZ = 16_000;
const OUT_RATE_HZ = 24_000;
const PUSH_SAMPLES = (OUT_RATE_HZ * 50) / 1000;
const QUEUE_MS = 1000;

/** One call: a fixed pause ends the turn, sentences are spoken as they are complete. */
export class Session {
  readonly #room = new Room();
  readonly #source = new AudioSource(OUT_RATE_HZ, 1, QUEUE_MS);
  readonly #echo = process.env.ECHO === undefined ? null : new Resampler(IN_RATE_HZ, OUT_RATE_HZ);
  readonly #history: ChatMessage[] = [{ role: "system", content: "You answer the phone of a shop." }];
  readonly #voicing: Voicing;
  #reply: AbortController | undefined;
  #greeted = false;

  constructor(voicing: Voicing) {
    this.#voicing = voicing;
  }

  /** Resolves when the room is over. */
  async run({ url, token }: Job): Promise<void> {
    const over = new Promise((resolve) => this.#room.once(RoomEvent.Disconnected, resolve));
    this.#room.on(RoomEvent.TrackSubscribed, (track) => {
      if (track.kind === TrackKind.KIND_AUDIO) this.#hear(track).catch((error) => console.error("hear", error));
    });
    await this.#room.connect(url, token, { autoSubscribe: true, dynacast: false });
    const options = new TrackPublishOptions();
    options.source = TrackSource.SOURCE_MICROPHONE;
    const track = LocalAudioTrack.createAudioTrack("agent", this.#source);
    await this.#room.localParticipant?.publishTrack(track, options);
    this.#answer(async (signal) => {
      await this.#say("Hello, how can I help you today?", signal);
      // An echo behind what is still queued would be late by it for good.
      if (this.#echo) await this.#source.waitForPlayout();
      this.#greeted = true;
    });
    await over;
    this.#interrupt();
    forget(this.#room);
    await this.#source.close().catch(() => {});
  }

  async #hear(track: RemoteTrack): Promise<void> {
    let voicedMs = 0;
    let silentMs = 0;
    let talking = false;
    let kept: Int16Array[] = [];
    const { frameMs } = this.#voicing;
    const voicing = this.#voicing.open((data, voiced) => {
      kept.push(data);
      voicedMs = voiced ? voicedMs + frameMs : talking ? voicedMs : 0;
      silentMs = voiced ? 0 : silentMs + frameMs;
      if (!talking && voicedMs >= START_MS) {
        talking = true;
        this.#interrupt();
      }
      if (!talking && kept.length * frameMs > PREFIX_MS + START_MS) kept.shift();
      if (talking && silentMs >= END_MS) {
        const said = concat(kept);
        kept = [];
        talking = false;
        voicedMs = 0;
        this.#answer((signal) => this.#turn(said, signal));
      }
    });
    const options = { sampleRate: IN_RATE_HZ, numChannels: 1, frameSizeMs: frameMs };
    for await (const { data } of new AudioStream(track, options)) {
      if (this.#echo) {
        // Two that give sound to one source at once are an error.
        if (!this.#greeted) continue;
        const back = this.#echo.push(data);
        if (back.length > 0) await this.#source.captureFrame(new AudioFrame(back, OUT_RATE_HZ, 1, back.length));
        continue;
      }
      voicing.push(data);
    }
    voicing.close();
  }

  #interrupt(): void {
    this.#reply?.abort();
    this.#reply = undefined;
    if (this.#source.queuedDuration > 0) this.#source.clearQueue();
  }

  #answer(run: (signal: AbortSignal) => Promise<void>): void {
    this.#interrupt();
    const reply = new AbortController();
    this.#reply = reply;
    run(reply.signal).catch((error) => {
      if (!reply.signal.aborted) console.error("reply", error);
    });
  }

  async #turn(said: Int16Array, signal: AbortSignal): Promise<void> {
    this.#history.push({ role: "user", content: await transcribe(said, IN_RATE_HZ, signal) });
    let sentence = "";
    let whole = "";
    let spoken = Promise.resolve();
    const speakSentence = () => {
      const text = sentence.trim();
      sentence = "";
      if (text === "") return;
      const response = speech(text, signal);
      const before = spoken;
      spoken = before.then(async () => this.#play(await response, signal));
      spoken.catch(() => {});
    };
    for await (const text of think(this.#history, signal)) {
      sentence += text;
      whole += text;
      if (/[.?!]\s*$/.test(sentence)) speakSentence();
    }
    speakSentence();
    this.#history.push({ role: "assistant", content: whole });
    await spoken;
  }

  async #say(text: string, signal: AbortSignal): Promise<void> {
    await this.#play(await speech(text, signal), signal);
  }

  async #play(response: Response, signal: AbortSignal): Promise<void> {
    let frame = new Int16Array(PUSH_SAMPLES);
    let filled = 0;
    const push = (length: number) => this.#source.captureFrame(new AudioFrame(frame, OUT_RATE_HZ, 1, length));
    let odd = Buffer.alloc(0);
    for await (const chunk of response.body!) {
      const bytes = Buffer.concat([odd, chunk]);
      const even = bytes.length - (bytes.length % 2);
      odd = bytes.subarray(even);
      for (let i = 0; i < even; i += 2) {
        frame[filled++] = bytes.readInt16LE(i);
        if (filled < PUSH_SAMPLES) continue;
        if (signal.aborted) return;
        await push(PUSH_SAMPLES);
        frame = new Int16Array(PUSH_SAMPLES);
        filled = 0;
      }
    }
    if (filled > 0 && !signal.aborted) await push(PUSH_SAMPLES);
  }
}
