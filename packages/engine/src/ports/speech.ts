/** A word with its place in the audio, in ms from the start of that audio. */
export interface WordTime {
  word: string;
  startMs: number;
  endMs: number;
  /** 0 to 1, where the provider gives it. */
  confidence?: number;
}

/** Primary language tags (`en`, not `en-GB`) that it takes. Absent: any, or it does not say. */
type Languages = { languages?: readonly string[] };

/** Mono, 16-bit, 16 kHz is what every ear delivers and every Stt and Vad takes. */
export const HEARING_RATE_HZ = 16_000;

export interface SttOptions {
  /** BCP 47, e.g. `en` or `en-GB`. */
  language: string;
  /** Phrases the caller is likely to say; a hint, providers may ignore it. */
  phrases: readonly string[];
  /** Ends the session and everything under it. */
  signal: AbortSignal;
}

export interface SttResult {
  /** What was said; empty when nothing was. */
  text: string;
  /** False: there was speech, but not in a form this recogniser can make out (other language, too noisy). */
  understood: boolean;
  confidence?: number;
  language?: string;
  words?: readonly WordTime[];
}

/** One stretch of speech, from the moment the VAD heard it (pre-roll included) to its pause. */
export interface SttUtterance {
  /** 16 kHz mono. The callee must not keep `frame`: copy what it needs. Never throws, never blocks. */
  push(frame: Int16Array): void;
  /** No more audio. Resolves once; rejects with a ParleyError; aborting `signal` rejects with category `cancelled`. */
  finish(signal: AbortSignal): Promise<SttResult>;
  /** Forget this utterance; idempotent. A pending `finish` rejects with category `cancelled`. */
  cancel(): void;
}

export interface SttSession {
  /** Several utterances may be unfinished at once; results may come in any order. */
  utterance(onInterim?: (text: string) => void): SttUtterance;
  /** Idempotent; cancels every open utterance. */
  close(): void;
}

/** Speech to text. One Stt serves many calls of a process. */
export interface Stt {
  /** `vendor/model`, as written in an agent file. */
  readonly name: string;
  readonly capabilities: {
    interim: boolean;
    words: boolean;
    /** The same sound may be given again from its beginning, with more behind it: it costs no time to speak of. */
    restarts?: boolean;
  } & Languages;
  open(options: SttOptions): SttSession;
  /** Loads models, opens connections: called before the first call. */
  warm?(): Promise<void>;
  close?(): Promise<void>;
}

export interface TtsRequest {
  text: string;
  language: string;
  /** Provider's own voice id. */
  voice?: string;
  /** 1 is normal. */
  speed?: number;
}

export interface TtsChunk {
  /** Mono, 16 bit, at the Tts's `sampleRateHz`; any length above zero; the receiver owns it. */
  samples: Int16Array;
  /** Times from the start of this request's audio, where the provider gives them. */
  words?: readonly WordTime[];
}

/** Text to speech. One Tts serves many calls of a process. */
export interface Tts {
  readonly name: string;
  readonly sampleRateHz: number;
  readonly capabilities: { words: boolean } & Languages;
  /** Streams as audio is made. Throws ParleyError; an aborted signal ends it with category `cancelled`. */
  synthesize(request: TtsRequest, signal: AbortSignal): AsyncIterable<TtsChunk>;
  warm?(): Promise<void>;
  close?(): Promise<void>;
}
