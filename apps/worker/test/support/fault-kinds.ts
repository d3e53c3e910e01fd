import type { OpenAiFault } from "@parley/testkit";

export type Stage = "stt" | "llm" | "tts" | "realtime";

/** What came of one fault in one stage: what the page says, and the run has to show. */
export interface Outcome {
  /** What the caller heard. */
  heard: string;
  /** Codes in the log. */
  error: string;
  askedAgain: "yes" | "no";
  turn: "replied" | "failed";
  /** The next question, when the provider is well again. */
  next: string;
}

/** A way in which a service behind OpenAI's protocol fails. */
export interface Kind {
  /** At most eight letters and digits: a part of a language tag. */
  id: string;
  title: string;
  /** What the service does. */
  does: string;
  /** How a service that can be reached behaves, or a base URL where there is none. */
  how: OpenAiFault | { url: string };
}

/** A label longer than DNS has: no name server is asked, so it fails alike on a machine without one. */
const NO_HOST = `${"nobody-".repeat(10)}home.invalid`;
/** Nothing listens on the port of the discard service. */
const NOBODY_LISTENS = "http://127.0.0.1:9/v1";

export const KINDS = [
  { id: "refused", title: "refused", does: "nothing listens there", how: { url: NOBODY_LISTENS } },
  { id: "nohost", title: "name not found", does: "its host does not exist", how: { url: `http://${NO_HOST}/v1` } },
  { id: "hung", title: "hung", does: "takes the request, never answers", how: { kind: "hung" } },
  {
    id: "slow",
    title: "slow",
    does: "begins after 0.9 s, 0.15 s between two pieces",
    how: { kind: "slow", delayMs: 900, pieceMs: 150 },
  },
  {
    id: "late",
    title: "too slow",
    does: "begins after 4 s",
    how: { kind: "slow", delayMs: 4_000, pieceMs: 4_000 },
  },
  { id: "stalled", title: "stalled", does: "half of the answer, then nothing", how: { kind: "stalled" } },
  { id: "limit", title: "429", does: "no word of when to come again", how: { kind: "rate-limited" } },
  {
    id: "limit1",
    title: "429, retry-after 1",
    does: "asks to come again in 1 s",
    how: { kind: "rate-limited", retryAfterSeconds: 1 },
  },
  {
    id: "limit60",
    title: "429, retry-after 60",
    does: "asks to come again in a minute",
    how: { kind: "rate-limited", retryAfterSeconds: 60 },
  },
  { id: "error", title: "500", does: "says it has an error", how: { kind: "error", status: 500 } },
  { id: "garbage", title: "garbage", does: "200, and bytes that are not its protocol", how: { kind: "garbage" } },
  { id: "cut", title: "cut", does: "closes the line in the middle of the answer", how: { kind: "cut" } },
] as const satisfies readonly Kind[];

export type KindId = (typeof KINDS)[number]["id"];

const CODES: Record<Exclude<KindId, "slow">, string> = {
  refused: "network",
  nohost: "name-not-found",
  hung: "timeout",
  late: "timeout",
  stalled: "timeout",
  limit: "rate-limited",
  limit1: "rate-limited",
  limit60: "rate-limited",
  error: "provider-failed",
  garbage: "garbage",
  cut: "cut",
};

/** Not asked again: who would be waited for too long, and an answer of which something was heard or said already. */
const NOT_AGAIN: Record<"stt" | "llm", readonly KindId[]> = {
  stt: ["nohost", "hung", "late", "stalled", "limit60"],
  llm: ["nohost", "hung", "late", "stalled", "limit60", "cut"],
};

/** What is promised of a cell of the matrix. */
export function stated(stage: "stt" | "llm" | "tts", id: KindId): Outcome {
  if (id === "slow") return { heard: "the answer", error: "–", askedAgain: "no", turn: "replied", next: "answered" };
  const error = `${stage}-${CODES[id]}`;
  if (stage !== "tts") {
    const askedAgain = NOT_AGAIN[stage].includes(id) ? "no" : "yes";
    return { heard: "the apology", error, askedAgain, turn: "failed", next: "answered" };
  }
  const next = "answered in the spare voice";
  if (id === "cut" || id === "stalled")
    return {
      heard: "half of the answer, the apology in the spare voice",
      error,
      askedAgain: "no",
      turn: "failed",
      next,
    };
  return { heard: "the answer in the spare voice", error, askedAgain: "no", turn: "replied", next };
}
