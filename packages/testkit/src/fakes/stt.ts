import { concat } from "@parley/audio";
import {
  type Clock,
  cancelledError,
  HEARING_RATE_HZ,
  type Stt,
  type SttOptions,
  type SttResult,
  type SttUtterance,
  systemClock,
  type WordTime,
} from "@parley/engine";
import { hang, pause } from "../clock/pause.ts";
import { type FaultName, fakeService, faultError } from "./faults.ts";
import { type FakeRequest, Requests } from "./requests.ts";
import { type Script, scripted } from "./script.ts";

/** An utterance as far as it has been heard. */
export interface HeardUtterance {
  samples: Int16Array;
  audioMs: number;
  options: SttOptions;
}

export interface SttAnswer {
  text?: string;
  /** Default true. */
  understood?: boolean;
  confidence?: number;
  language?: string;
  words?: readonly WordTime[];
  /** From `finish` to the result. Default: the fake's. */
  delayMs?: number;
  /** Given as soon as that much of the utterance has been pushed. */
  interims?: readonly { afterMs: number; text: string }[];
  /** Instead of a result, after the delay. */
  fault?: FaultName;
}

export interface FakeSttOptions {
  /** Default: the system's. */
  clock?: Clock;
  /** Default 40. */
  delayMs?: number;
  /** One per utterance, in the order of their opening, or a function of what was heard. Default: "hello". */
  answers?: Script<HeardUtterance, SttAnswer | string>;
}

export interface FakeStt extends Stt {
  /** Every utterance that was opened. */
  readonly requests: readonly FakeRequest<HeardUtterance>[];
  /** Utterances that are neither finished nor cancelled. */
  readonly openUtterances: number;
  readonly openSessions: number;
}

const service = fakeService("stt");

/** A scripted Stt. An utterance without a sample is answered with an empty text, whatever the script says. */
export function fakeStt(options: FakeSttOptions = {}): FakeStt {
  const { clock = systemClock, delayMs = 40 } = options;
  const answer = scripted<HeardUtterance, SttAnswer | string>(options.answers, "hello");
  const requests = new Requests<HeardUtterance>(clock);
  let openSessions = 0;

  const openUtterance = (
    session: SttOptions,
    onInterim: (text: string) => void,
  ): SttUtterance & { done(): boolean } => {
    const index = requests.all.length;
    const chunks: Int16Array[] = [];
    let pushed = 0;
    let interims = 0;
    let finished = false;
    const ended = new AbortController();
    const heard: HeardUtterance = {
      get samples() {
        return concat(chunks);
      },
      get audioMs() {
        return (pushed / HEARING_RATE_HZ) * 1000;
      },
      options: session,
    };
    const entry = requests.begin(heard);
    const planned = (): SttAnswer => {
      if (pushed === 0) return { text: "" };
      const given = answer(heard, index);
      return typeof given === "string" ? { text: given } : given;
    };

    const cancel = () => {
      requests.end(entry, { error: cancelledError(service) });
      ended.abort();
    };

    return {
      push(frame) {
        if (finished || ended.signal.aborted || frame.length === 0) return;
        chunks.push(frame.slice());
        pushed += frame.length;
        for (const interim of planned().interims?.slice(interims) ?? []) {
          if (interim.afterMs > heard.audioMs) break;
          interims++;
          onInterim(interim.text);
        }
      },
      async finish(signal) {
        finished = true;
        try {
          const result = await respond(clock, planned(), delayMs, AbortSignal.any([signal, ended.signal]));
          requests.end(entry, "done");
          return result;
        } catch (error) {
          requests.end(entry, { error });
          throw error;
        }
      },
      cancel,
      done: () => entry.outcome !== "open",
    };
  };

  return {
    name: service.name,
    capabilities: { interim: true, words: true },
    requests: requests.all,
    get openUtterances() {
      return requests.open;
    },
    get openSessions() {
      return openSessions;
    },
    open(session) {
      const utterances = new Set<SttUtterance & { done(): boolean }>();
      let closed = false;
      openSessions++;
      const close = () => {
        if (closed) return;
        closed = true;
        openSessions--;
        session.signal.removeEventListener("abort", close);
        for (const utterance of utterances) utterance.cancel();
        utterances.clear();
      };
      session.signal.addEventListener("abort", close, { once: true });
      if (session.signal.aborted) close();
      return {
        utterance(onInterim = () => {}) {
          const utterance = openUtterance(session, onInterim);
          for (const other of utterances) if (other.done()) utterances.delete(other);
          if (closed) utterance.cancel();
          else utterances.add(utterance);
          return utterance;
        },
        close,
      };
    },
    async warm() {},
    async close() {},
  };
}

async function respond(clock: Clock, answer: SttAnswer, delayMs: number, signal: AbortSignal): Promise<SttResult> {
  const aborted = () => cancelledError(service);
  if (answer.fault === "hung") return hang(signal, aborted);
  await pause(clock, answer.delayMs ?? delayMs, signal, aborted);
  if (answer.fault) throw faultError(service, answer.fault);
  const { text = "", understood = true, confidence, language, words } = answer;
  return {
    text,
    understood,
    ...(confidence === undefined ? {} : { confidence }),
    ...(language === undefined ? {} : { language }),
    ...(words === undefined ? {} : { words }),
  };
}
