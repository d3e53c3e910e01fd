import {
  cancelledError,
  garbageError,
  HEARING_RATE_HZ,
  linkedAbort,
  type Stt,
  type SttOptions,
  type SttResult,
  type SttSession,
  type SttUtterance,
} from "@parley/engine";
import { OpenAiConnection, type OpenAiConnectionOptions } from "./connection.ts";
import { hintsFor, openaiDefaults, type TranscriptionHints } from "./defaults.ts";
import { echoesPrompt, iso639, type TranscriptionFields, transcriptionForm } from "./transcription.ts";
import { UtteranceAudio } from "./utterance-audio.ts";

export interface OpenAiSttOptions extends OpenAiConnectionOptions {
  model?: string;
  /** Which form fields carry language and phrases; default by the model's id. */
  hints?: TranscriptionHints;
  /** More sound than this is not kept: the oldest gives way. Default 120 s. */
  longestUtteranceMs?: number;
}

const FIRST_BYTE_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 5_000;
const LONGEST_UTTERANCE_MS = 120_000;
/** OpenAI answers 400 to less than 100 ms; there is no word in it anyway. */
const SHORTEST_UTTERANCE_MS = 100;
const LONGEST_ANSWER_BYTES = 1 << 20;

/**
 * Transcription by one REST request per utterance: OpenAI's or any compatible server's. No interim results and no word
 * times (the `json` format has none).
 *
 * @throws from `finish`: RemoteError with codes `stt-unauthorised`, `stt-model-unknown`, `stt-rate-limited` (with
 * `retryAfterMs`), `stt-no-quota`, `stt-refused`, `stt-provider-failed`, `stt-network`, `stt-timeout`, `stt-cut`,
 * `stt-garbage`, `stt-cancelled`.
 */
export function openaiStt(options: OpenAiSttOptions): Stt {
  const model = options.model ?? openaiDefaults.sttModel;
  const connection = new OpenAiConnection("stt", model, options, {
    firstByteMs: FIRST_BYTE_TIMEOUT_MS,
    idleMs: IDLE_TIMEOUT_MS,
  });
  const longestMs = options.longestUtteranceMs ?? LONGEST_UTTERANCE_MS;
  return {
    name: `openai/${model}`,
    capabilities: { interim: false, words: false, restarts: true },
    open: (session) =>
      new OpenAiSttSession(connection, longestMs, session.signal, {
        model,
        hints: options.hints ?? hintsFor(model),
        language: iso639(session.language),
        phrases: session.phrases,
      }),
    warm: () => connection.warm(),
    close: () => connection.close(),
  };
}

class OpenAiSttSession implements SttSession {
  readonly #connection: OpenAiConnection;
  readonly #longestMs: number;
  readonly #fields: TranscriptionFields;
  readonly #scope: ReturnType<typeof linkedAbort>;

  constructor(
    connection: OpenAiConnection,
    longestMs: number,
    signal: SttOptions["signal"],
    fields: TranscriptionFields,
  ) {
    this.#connection = connection;
    this.#longestMs = longestMs;
    this.#fields = fields;
    this.#scope = linkedAbort(signal);
  }

  utterance(): SttUtterance {
    return new OpenAiUtterance(this.#connection, this.#longestMs, this.#scope.signal, this.#fields);
  }

  close(): void {
    this.#scope.release();
    this.#scope.abort();
  }
}

class OpenAiUtterance implements SttUtterance {
  readonly #connection: OpenAiConnection;
  readonly #fields: TranscriptionFields;
  readonly #session: AbortSignal;
  readonly #cancelled = new AbortController();
  readonly #audio: UtteranceAudio;
  #result: Promise<SttResult> | undefined;

  constructor(connection: OpenAiConnection, longestMs: number, session: AbortSignal, fields: TranscriptionFields) {
    this.#connection = connection;
    this.#session = session;
    this.#fields = fields;
    this.#audio = new UtteranceAudio(HEARING_RATE_HZ, longestMs);
  }

  push(frame: Int16Array): void {
    if (this.#result === undefined && !this.#cancelled.signal.aborted) this.#audio.write(frame);
  }

  finish(signal: AbortSignal): Promise<SttResult> {
    this.#result ??= this.#transcribe(signal);
    return this.#result;
  }

  cancel(): void {
    this.#cancelled.abort();
    this.#audio.clear();
  }

  async #transcribe(signal: AbortSignal): Promise<SttResult> {
    const scope = linkedAbort(signal, this.#session, this.#cancelled.signal);
    try {
      if (scope.signal.aborted) throw cancelledError(this.#connection.service);
      if (this.#audio.length < (SHORTEST_UTTERANCE_MS * HEARING_RATE_HZ) / 1000) return { text: "", understood: true };
      const form = transcriptionForm(this.#fields, this.#audio.read(), HEARING_RATE_HZ);
      this.#audio.clear();
      const exchange = await this.#connection.post("/audio/transcriptions", { form }, scope.signal);
      return this.#read(await exchange.text(LONGEST_ANSWER_BYTES));
    } finally {
      scope.release();
    }
  }

  #read(answer: string): SttResult {
    let parsed: { text?: unknown; language?: unknown; languages?: unknown };
    try {
      parsed = JSON.parse(answer);
    } catch (error) {
      throw garbageError(this.#connection.service, "it is not JSON", error);
    }
    if (typeof parsed?.text !== "string") throw garbageError(this.#connection.service, 'it has no "text"');
    const text = parsed.text.trim();
    const echo = this.#fields.hints === "prompt" && echoesPrompt(text, this.#fields.phrases);
    const language = [parsed.language, parsed.languages].flat()[0];
    return {
      text: echo ? "" : text,
      understood: true,
      ...(typeof language === "string" && /^[a-z]{2,3}$/.test(language) ? { language } : {}),
    };
  }
}
