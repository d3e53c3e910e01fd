import { ParleyError, type Tts, type TtsChunk, type TtsRequest } from "@parley/engine";
import { type Share, shared } from "../shared.ts";
import { speakable } from "./speakable.ts";
import { FLITE_RATE_HZ, FLITE_VOICES, type FliteVoice } from "./synthesizer.ts";
import { FliteWorkers } from "./workers.ts";

export interface FliteTtsOptions {
  /** `slt` (female, the default), `rms` (male), `awb` (male, Scottish) or `kal16` (small, robotic). */
  voice?: FliteVoice;
  name?: string;
}

/** What is heard when there is nothing to say: 100 ms, so that the request still has sound. */
const SILENCE_SAMPLES = FLITE_RATE_HZ / 10;
const MIN_SPEED = 0.5;
const MAX_SPEED = 2;

/** One set of threads for all voices of this process: flite holds every voice anyway. */
const acquireWorkers = shared(
  () => new FliteWorkers(),
  (workers) => workers.close(),
);

/**
 * Speech without a key: flite (CMU), English, clear and dated, 16 kHz mono. All voices of a process share one thread;
 * a sentence takes about 1/60 of its length. `speed` is kept between 0.5 and 2.
 * Throws ParleyError: `tts-voice-unknown`, `tts-language-unsupported`, `tts-text-unsupported`, `tts-busy`,
 * `tts-timeout`, `tts-failed`, `tts-closed`, and `tts-cancelled` when the signal is aborted.
 */
export function fliteTts(options: FliteTtsOptions = {}): Tts {
  const voice = knownVoice(options.voice ?? "slt");
  let share: Share<FliteWorkers> | undefined;
  let closed = false;
  const workers = () => {
    if (closed) throw new ParleyError("This voice has been closed", { code: "tts-closed", category: "cancelled" });
    share ??= acquireWorkers();
    return share.value;
  };

  async function* synthesize(request: TtsRequest, signal: AbortSignal): AsyncGenerator<TtsChunk> {
    const chosen = request.voice === undefined ? voice : knownVoice(request.voice);
    refuseLanguage(request.language);
    throwIfAborted(signal);
    const content = speakable(request.text);
    if (content.kind === "foreign") throw foreignText();
    if (content.kind === "silence") {
      yield { samples: new Int16Array(SILENCE_SAMPLES) };
      return;
    }
    const durationStretch = 1 / speedOf(request);
    const speak = (index: number) => {
      const text = content.pieces[index];
      if (text === undefined) return undefined;
      const sound = workers().speak({ text, voice: chosen, durationStretch, trimLead: index === 0 }, signal);
      // A piece made ahead may fail after its reader has left; who awaits it still sees the failure.
      sound.catch(() => {});
      return sound;
    };
    let ahead = speak(0);
    for (let index = 0; ahead !== undefined; index++) {
      const samples = await ahead;
      throwIfAborted(signal);
      // The next sentence is made while this one is played.
      ahead = speak(index + 1);
      yield { samples };
      throwIfAborted(signal);
    }
  }

  return {
    name: options.name ?? `local/flite-${voice}`,
    sampleRateHz: FLITE_RATE_HZ,
    capabilities: { words: false, languages: ["en"] },
    synthesize,
    async warm() {
      const sentence = { text: "ready", voice, durationStretch: 1, trimLead: true };
      await workers().speak(sentence, new AbortController().signal);
    },
    async close() {
      closed = true;
      await share?.release();
      share = undefined;
    },
  };
}

function knownVoice(voice: string): FliteVoice {
  const known = FLITE_VOICES.find((name) => name === voice);
  if (known !== undefined) return known;
  throw new ParleyError(`flite has no voice "${voice}". Use one of ${FLITE_VOICES.join(", ")}.`, {
    code: "tts-voice-unknown",
    category: "configuration",
  });
}

function refuseLanguage(language: string): void {
  if (language === "" || /^en(-|$)/i.test(language)) return;
  throw new ParleyError(
    `flite speaks English, not "${language}". Set language to "en", or choose another tts for this agent.`,
    { code: "tts-language-unsupported", category: "configuration" },
  );
}

function foreignText(): ParleyError {
  return new ParleyError("flite speaks English in Latin letters; this text has none. Choose another tts.", {
    code: "tts-text-unsupported",
    category: "refused",
  });
}

function speedOf({ speed }: TtsRequest): number {
  if (speed === undefined || !Number.isFinite(speed)) return 1;
  return Math.min(MAX_SPEED, Math.max(MIN_SPEED, speed));
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new ParleyError("Speaking was cancelled", { code: "tts-cancelled", category: "cancelled" });
}
