const number = (name: string, fallback: number) => Number(process.env[name] ?? fallback);

/** Fixed delays in ms: what every target has to wait for alike. */
export const settings = {
  port: number("MOCK_PORT", 0),
  sttMs: number("STT_MS", 100),
  llmMs: number("LLM_MS", 150),
  tokenMs: number("TOKEN_MS", 10),
  ttsMs: number("TTS_MS", 100),
  /** Of speech per character. */
  charMs: number("CHAR_MS", 60),
  amplitude: number("AMPLITUDE", 8000),
  /** What callers say: the only speech it understands. Without it, none. */
  clipsFolder: process.env.CLIPS_FOLDER,
  /** Sound of so many ms that is none of the clips is a short question all the same; 0: it is nothing. */
  guessFromMs: number("GUESS_FROM_MS", 0),
  logPath: process.env.MOCK_LOG,
};

/** Silence that ends a turn, in every target that can be told so. */
export const PAUSE_MS = number("ENDPOINT_MS", 300);

/** Provider time inside every turn's latency, tokens of the first sentence aside. */
export const PROVIDER_MS = settings.sttMs + settings.llmMs + settings.ttsMs;
