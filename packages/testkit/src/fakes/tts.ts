import {
  type Clock,
  cancelledError,
  systemClock,
  type Tts,
  type TtsChunk,
  type TtsRequest,
  type WordTime,
} from "@parley/engine";
import { hang, pause } from "../clock/pause.ts";
import { tone } from "../speech/sounds.ts";
import { type FaultName, fakeService, faultError } from "./faults.ts";
import { type FakeRequest, Requests } from "./requests.ts";
import { type Script, scripted } from "./script.ts";

export interface TtsAnswer {
  /** To the first chunk. Default: the fake's. */
  firstMs?: number;
  /** Making time per time of audio: 0.1 is ten times faster than real time. Default: the fake's. */
  pace?: number;
  /** Length of the audio. Default: by the length of the text. */
  audioMs?: number;
  /** This sound instead of a tone, at the fake's rate. */
  samples?: Int16Array;
  fault?: FaultName;
  /** Audio that comes before the fault. Default 0; for `cut` half of it. */
  faultAfterMs?: number;
}

export interface FakeTtsOptions {
  /** Default: the system's. */
  clock?: Clock;
  /** Default 24000. */
  sampleRateHz?: number;
  /** Default 30. */
  firstMs?: number;
  /** Default 0.1. */
  pace?: number;
  /** Default 100. */
  chunkMs?: number;
  /** Audio per character of text, at speed 1. Default 60, a calm voice. */
  msPerCharacter?: number;
  /** Whether chunks carry word times. Default true. */
  words?: boolean;
  /** One per request, or a function of it. */
  answers?: Script<TtsRequest, TtsAnswer>;
}

export interface FakeTts extends Tts {
  readonly requests: readonly FakeRequest<TtsRequest>[];
  /** Streams that have not ended: not finished, failed, cancelled or left. */
  readonly openStreams: number;
}

const service = fakeService("tts");

/** A scripted Tts: a tone of the text's length at -20 dB, words spread over it evenly by their letters. */
export function fakeTts(options: FakeTtsOptions = {}): FakeTts {
  const { clock = systemClock, sampleRateHz = 24_000, firstMs = 30, pace = 0.1, chunkMs = 100 } = options;
  const { msPerCharacter = 60, words = true } = options;
  const answer = scripted<TtsRequest, TtsAnswer>(options.answers, {});
  const requests = new Requests<TtsRequest>(clock);

  async function* chunks(request: TtsRequest, planned: TtsAnswer, signal: AbortSignal): AsyncGenerator<TtsChunk> {
    const aborted = () => cancelledError(service);
    const text = request.text.trim();
    const audioMs = planned.audioMs ?? (text.length * msPerCharacter) / (request.speed ?? 1);
    const sound = planned.samples ?? tone(audioMs, sampleRateHz, 300);
    const soundMs = (sound.length / sampleRateHz) * 1000;
    const { fault } = planned;
    const faultAtMs = planned.faultAfterMs ?? (fault === "cut" ? soundMs / 2 : 0);
    const endMs = fault ? Math.min(faultAtMs, soundMs) : soundMs;
    const times = words ? wordTimes(text, soundMs) : [];
    await pause(clock, planned.firstMs ?? firstMs, signal, aborted);
    for (let fromMs = 0; fromMs < endMs; fromMs += chunkMs) {
      const toMs = Math.min(endMs, fromMs + chunkMs);
      if (fromMs > 0) await pause(clock, (toMs - fromMs) * (planned.pace ?? pace), signal, aborted);
      const samples = sound.slice(at(fromMs), at(toMs));
      const begun = times.filter((word) => word.startMs >= fromMs && word.startMs < toMs);
      if (samples.length > 0) yield words ? { samples, words: begun } : { samples };
      if (signal.aborted) throw aborted();
    }
    if (fault === "hung") await hang(signal, aborted);
    else if (fault) throw faultError(service, fault);
  }

  const at = (ms: number) => Math.round((ms * sampleRateHz) / 1000);

  return {
    name: service.name,
    sampleRateHz,
    capabilities: { words },
    requests: requests.all,
    get openStreams() {
      return requests.open;
    },
    async *synthesize(request, signal) {
      const planned = answer(request, requests.all.length);
      const entry = requests.begin({ ...request });
      try {
        yield* chunks(request, planned, signal);
        requests.end(entry, "done");
      } catch (error) {
        requests.end(entry, { error });
        throw error;
      } finally {
        requests.end(entry, "abandoned");
      }
    },
    async warm() {},
    async close() {},
  };
}

function wordTimes(text: string, soundMs: number): WordTime[] {
  const msPerCharacter = soundMs / Math.max(1, text.length);
  return [...text.matchAll(/\S+/g)].map((match) => ({
    word: match[0],
    startMs: match.index * msPerCharacter,
    endMs: (match.index + match[0].length) * msPerCharacter,
  }));
}
