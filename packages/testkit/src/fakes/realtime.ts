import { Framer, rms, toDb } from "@parley/audio";
import {
  type Clock,
  cancelledError,
  HEARING_RATE_HZ,
  type RealtimeModel,
  type RealtimeOptions,
  type RealtimeSession,
  type RealtimeSink,
  systemClock,
} from "@parley/engine";
import { hang, pause } from "../clock/pause.ts";
import { tone } from "../speech/sounds.ts";
import { type FaultName, fakeService, faultError } from "./faults.ts";
import { isCancelled } from "./requests.ts";
import { type Script, scripted } from "./script.ts";

export interface RealtimeTurn {
  /** What the model believes it heard; null: it never says. Default "hello". */
  transcript?: string | null;
  /** From the end of the turn. Default 300: often later than the reply begins. */
  transcriptMs?: number;
  /** Default: a short sentence. */
  reply?: string;
  /** From `respond` to the first audio. Default 150. */
  firstMs?: number;
  /** Asked for before the reply, which waits for all results. */
  toolCalls?: readonly { tool: string; args: unknown; toolCallId?: string }[];
  /** Reported through `failed`; `cut` comes in the middle of the reply, all else before it. */
  fault?: FaultName;
  /** With the fault the session is gone: reported through `lost`. */
  lost?: boolean;
  /** Between two words of the reply, beside the time that their making takes. Default 0. */
  wordMs?: number;
}

export interface FakeRealtimeOptions {
  /** Default: the system's. */
  clock?: Clock;
  /** Default 24000. */
  sampleRateHz?: number;
  /** Silence that ends the turn, measured in the sound that was pushed. Default 500. */
  silenceMs?: number;
  /** Audio per character of reply. Default 60. */
  msPerCharacter?: number;
  /** Making time per time of audio. Default 0.2. */
  pace?: number;
  /** One per turn, or a function of its number. */
  turns?: Script<{ index: number }, RealtimeTurn | string>;
  /** `open` fails like this; a function is asked each time. */
  openFault?: FaultName | (() => FaultName | null);
}

/** What one session went through. */
export interface FakeRealtimeSession {
  readonly options: RealtimeOptions;
  heardMs: number;
  readonly truncatedAtMs: number[];
  readonly respondedTo: (string | null)[];
  readonly toolResults: { toolCallId: string; result: unknown }[];
  closed: boolean;
}

export interface FakeRealtimeModel extends RealtimeModel {
  readonly sessions: readonly FakeRealtimeSession[];
}

const service = { ...fakeService("realtime"), name: "fake/realtime", model: "realtime" };
const FRAME_MS = 20;
const CHUNK_MS = 100;
const LOUD_DB = -45;
/** Frames above that level before it counts as speech. */
const SPEECH_FRAMES = 3;

/**
 * A scripted speech-to-speech model: hears by loudness, ends turns by silence, and when asked to (`respond`) answers
 * with a tone and its words.
 */
export function fakeRealtimeModel(options: FakeRealtimeOptions = {}): FakeRealtimeModel {
  const { clock = systemClock, sampleRateHz = 24_000, openFault } = options;
  const sessions: FakeRealtimeSession[] = [];
  return {
    name: service.name,
    sampleRateHz,
    sessions,
    async open(sessionOptions, sink) {
      if (sessionOptions.signal.aborted) throw cancelledError(service);
      const fault = typeof openFault === "function" ? openFault() : openFault;
      if (fault === "hung") await hang(sessionOptions.signal, () => cancelledError(service));
      else if (fault) throw faultError(service, fault);
      const record: FakeRealtimeSession = {
        options: sessionOptions,
        heardMs: 0,
        truncatedAtMs: [],
        respondedTo: [],
        toolResults: [],
        closed: false,
      };
      sessions.push(record);
      return openSession({ ...options, clock, sampleRateHz }, record, sink);
    },
  };
}

function openSession(
  options: FakeRealtimeOptions & { clock: Clock; sampleRateHz: number },
  record: FakeRealtimeSession,
  sink: RealtimeSink,
): RealtimeSession {
  const { clock, sampleRateHz, silenceMs = 500, msPerCharacter = 60, pace = 0.2 } = options;
  const turnOf = scripted<{ index: number }, RealtimeTurn | string>(options.turns, "Certainly, I can help with that.");
  const framer = new Framer((HEARING_RATE_HZ * FRAME_MS) / 1000);
  const ended = new AbortController();
  let reply = new AbortController();
  let turns = 0;
  let loudFrames = 0;
  let quietMs = 0;
  let speaking = false;
  let toolResultCame = () => {};

  const close = () => {
    if (record.closed) return;
    record.closed = true;
    record.options.signal.removeEventListener("abort", close);
    ended.abort();
  };
  record.options.signal.addEventListener("abort", close, { once: true });

  const wait = (ms: number, signal: AbortSignal) => pause(clock, ms, signal, () => cancelledError(service));

  /** The turn that was heard and not yet answered; typed words are a turn of their own. */
  let unanswered: { turn: RealtimeTurn; index: number } | null = null;

  const nextTurn = () => {
    const index = turns++;
    const given = turnOf({ index }, index);
    return { turn: typeof given === "string" ? { reply: given } : given, index };
  };

  const turnHeard = () => {
    unanswered = nextTurn();
    run(transcribe(unanswered.turn, ended.signal));
  };

  const respond = () => {
    const { turn, index } = unanswered ?? nextTurn();
    unanswered = null;
    reply.abort();
    reply = new AbortController();
    run(answer(turn, index, AbortSignal.any([reply.signal, ended.signal])), turn.lost);
  };

  const run = (work: Promise<void>, isLost = false) => {
    work.catch((error) => {
      if (isCancelled(error)) return;
      if (!isLost) return sink.failed(error);
      close();
      sink.lost(error);
    });
  };

  const transcribe = async (turn: RealtimeTurn, signal: AbortSignal) => {
    if (turn.transcript === null) return;
    await wait(turn.transcriptMs ?? 300, signal);
    sink.transcript(turn.transcript ?? "hello");
  };

  const answer = async (turn: RealtimeTurn, index: number, signal: AbortSignal) => {
    await wait(turn.firstMs ?? 150, signal);
    if (turn.fault === "hung") await hang(signal, () => cancelledError(service));
    else if (turn.fault && turn.fault !== "cut") throw faultError(service, turn.fault);
    await callTools(turn, index, signal);
    const text = turn.reply ?? "Certainly, I can help with that.";
    const words = text.match(/\S+\s*/g) ?? [];
    for (const [i, word] of words.entries()) {
      if (turn.fault === "cut" && i >= words.length / 2) throw faultError(service, "cut");
      if (i > 0 && turn.wordMs !== undefined) await wait(turn.wordMs, signal);
      sink.text(word);
      for (let leftMs = word.length * msPerCharacter; leftMs > 0; leftMs -= CHUNK_MS) {
        const chunkMs = Math.min(CHUNK_MS, leftMs);
        if (signal.aborted) throw cancelledError(service);
        sink.audio(tone(chunkMs, sampleRateHz, 300));
        await wait(chunkMs * pace, signal);
      }
    }
    sink.replyEnded({ inputTokens: 100, outputTokens: words.length });
  };

  const callTools = async (turn: RealtimeTurn, index: number, signal: AbortSignal) => {
    const calls = (turn.toolCalls ?? []).map((call, i) => ({
      ...call,
      toolCallId: call.toolCallId ?? `call-${index}-${i}`,
    }));
    for (const call of calls) sink.toolCall(call);
    const answered = () => calls.every((call) => record.toolResults.some((has) => has.toolCallId === call.toolCallId));
    while (!answered()) {
      const came = new Promise<void>((resolve) => {
        toolResultCame = resolve;
      });
      await Promise.race([came, hang(signal, () => cancelledError(service))]);
    }
  };

  return {
    push(frame) {
      if (record.closed) return;
      record.heardMs += (frame.length / HEARING_RATE_HZ) * 1000;
      framer.push(frame, (samples) => {
        const loud = toDb(rms(samples)) > LOUD_DB;
        loudFrames = loud ? loudFrames + 1 : 0;
        quietMs = loud ? 0 : quietMs + FRAME_MS;
        if (!speaking && loudFrames >= SPEECH_FRAMES) {
          speaking = true;
          sink.speechStarted();
        } else if (speaking && quietMs >= silenceMs) {
          speaking = false;
          sink.speechEnded();
          // Before it is told: whoever is told may ask for the answer at once.
          turnHeard();
          sink.turnEnded();
        }
      });
    },
    respond(text) {
      if (record.closed) return;
      record.respondedTo.push(text ?? null);
      respond();
    },
    toolResult(toolCallId, result) {
      if (record.closed) return;
      record.toolResults.push({ toolCallId, result });
      toolResultCame();
    },
    truncate(heardMs) {
      record.truncatedAtMs.push(heardMs);
      reply.abort();
    },
    close,
  };
}
