import { garbageError, type Tts, type TtsChunk, type TtsRequest } from "@parley/engine";
import { OpenAiConnection, type OpenAiConnectionOptions } from "./connection.ts";
import { openaiDefaults } from "./defaults.ts";
import { fileFormat, PcmReader } from "./pcm.ts";

export interface OpenAiTtsOptions extends OpenAiConnectionOptions {
  model?: string;
  voice?: string;
  /** 0.25 to 4; 1 is normal. */
  speed?: number;
  /** How to speak, e.g. "Warm and unhurried." */
  instructions?: string;
}

const FIRST_BYTE_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 5_000;
/** Fixed by the endpoint's `pcm` format: 24 kHz, 16 bit, little-endian, mono, no header. */
const PCM_RATE_HZ = 24_000;

/**
 * Speech as it is made: OpenAI's speech endpoint, or any compatible server's, as raw PCM. No word times.
 *
 * @throws from the stream: RemoteError with codes `tts-unauthorised`, `tts-model-unknown`, `tts-rate-limited` (with
 * `retryAfterMs`), `tts-no-quota`, `tts-refused`, `tts-provider-failed`, `tts-network`, `tts-timeout`, `tts-cut`,
 * `tts-garbage`, `tts-cancelled`.
 */
export function openaiTts(options: OpenAiTtsOptions): Tts {
  const model = options.model ?? openaiDefaults.ttsModel;
  const connection = new OpenAiConnection("tts", model, options, {
    firstByteMs: FIRST_BYTE_TIMEOUT_MS,
    idleMs: IDLE_TIMEOUT_MS,
  });
  return {
    name: `openai/${model}`,
    sampleRateHz: PCM_RATE_HZ,
    capabilities: { words: false },
    synthesize: (request, signal) => speak(connection, body(model, options, request), signal),
    warm: () => connection.warm(),
    close: () => connection.close(),
  };
}

function body(model: string, options: OpenAiTtsOptions, request: TtsRequest) {
  const speed = request.speed ?? options.speed ?? 1;
  return {
    model,
    input: request.text,
    voice: request.voice ?? options.voice ?? openaiDefaults.ttsVoice,
    response_format: "pcm",
    ...(speed === 1 ? {} : { speed }),
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
  };
}

async function* speak(
  connection: OpenAiConnection,
  json: ReturnType<typeof body>,
  signal: AbortSignal,
): AsyncGenerator<TtsChunk> {
  if (json.input.trim() === "") return;
  const exchange = await connection.post("/audio/speech", { json }, signal);
  try {
    const type = exchange.header("content-type") ?? "";
    if (/^(text|application\/json)/.test(type)) throw garbageError(connection.service, `it is ${type}, not audio`);
    const reader = new PcmReader();
    let heard = false;
    for await (const bytes of exchange.bytes()) {
      const format = heard ? undefined : fileFormat(bytes);
      if (format !== undefined) {
        throw garbageError(connection.service, `it is a ${format} file where raw PCM was asked for`);
      }
      const samples = reader.read(bytes);
      if (samples.length === 0) continue;
      heard = true;
      yield { samples };
    }
    if (!heard) throw garbageError(connection.service, "there is no sound in it");
  } finally {
    exchange.close();
  }
}
