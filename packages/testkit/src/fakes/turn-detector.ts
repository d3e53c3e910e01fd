import { type Clock, cancelledError, systemClock, type TurnDetector, type TurnEnd } from "@parley/engine";
import { hang, pause } from "../clock/pause.ts";
import { type FaultName, fakeService, faultError } from "./faults.ts";
import { type FakeRequest, Requests } from "./requests.ts";
import { type Script, scripted } from "./script.ts";

export interface TurnDetectorAnswer {
  probability?: number;
  /** Default: the fake's. */
  delayMs?: number;
  /** Instead of an answer, after the delay. */
  fault?: FaultName;
}

export interface FakeTurnDetectorOptions {
  /** Default: the system's. */
  clock?: Clock;
  /** Default 20. */
  delayMs?: number;
  /** Default false. */
  needsText?: boolean;
  /** One per pause, or a function of it. Default: 0.9. */
  answers?: Script<TurnEnd, TurnDetectorAnswer | number>;
}

export interface FakeTurnDetector extends TurnDetector {
  /** Every pause it was asked about. */
  readonly requests: readonly FakeRequest<TurnEnd>[];
}

const service = fakeService("stt");

/** A scripted TurnDetector. */
export function fakeTurnDetector(options: FakeTurnDetectorOptions = {}): FakeTurnDetector {
  const { clock = systemClock, delayMs = 20, needsText = false } = options;
  const answer = scripted<TurnEnd, TurnDetectorAnswer | number>(options.answers, 0.9);
  const requests = new Requests<TurnEnd>(clock);
  return {
    name: "fake/turn-detector",
    needsText,
    requests: requests.all,
    async probability(end, signal) {
      const given = answer(end, requests.all.length);
      const planned = typeof given === "number" ? { probability: given } : given;
      const entry = requests.begin({ ...end, samples: end.samples.slice() });
      const aborted = () => cancelledError(service);
      try {
        if (planned.fault === "hung") return await hang(signal, aborted);
        await pause(clock, planned.delayMs ?? delayMs, signal, aborted);
        if (planned.fault) throw faultError(service, planned.fault);
        requests.end(entry, "done");
        return planned.probability ?? 0.9;
      } catch (error) {
        requests.end(entry, { error });
        throw error;
      }
    },
    async warm() {},
    async close() {},
  };
}
