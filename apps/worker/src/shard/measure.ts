import type { Fact, InputBody } from "@parley/conversation";
import type { CallAgent } from "@parley/engine";
import { observeCall, openSums, type Span, type SumsOf, traceCall } from "@parley/metrics";
import type { Log } from "../log.ts";

/** What a call tells of itself, as the engine's options name it. */
export interface CallWatch {
  onFact(fact: Fact): void;
  onEphemeral(input: InputBody): void;
}

/** What the calls of this process measure, until the supervisor is told. */
export interface MeasuredCalls {
  call(callId: string, agent: CallAgent, log: Log): CallWatch;
  /** What came since the last time; null: nothing. */
  take(): SumsOf | null;
  takeSpans(): Span[];
}

/** Until the supervisor is told; calls go on without what comes after. */
const MOST_SPANS = 1_000;

/** `name`: of the worker, which bounds how many there are: stored agents, of which there may be many, share one. */
export function measureCalls(name: string, { isTraced }: { isTraced: boolean }): MeasuredCalls {
  const sums = openSums();
  const spans: Span[] = [];
  return {
    call(callId, { name: own, stt, llm, tts, realtime }, log) {
      const trace = isTraced ? traceCall(callId, own) : null;
      const observe = observeCall(name, {
        stt: stt?.name ?? realtime?.name ?? "",
        llm: realtime?.name ?? llm?.name ?? "",
        tts: tts?.name ?? realtime?.name ?? "",
      });
      let hasFailed = false;
      const onFact = (fact: Fact): void => {
        try {
          sums.add(observe(fact));
          const done = trace?.(fact) ?? [];
          if (spans.length < MOST_SPANS) spans.push(...done);
        } catch (error) {
          // No call suffers from what is only measured.
          if (!hasFailed) log.warn({ err: error, fact: fact.type }, "a fact could not be measured");
          hasFailed = true;
        }
      };
      const unplaced = { callId: "-", epoch: 1, seq: 0, version: 1, at: 0 };
      return { onFact, onEphemeral: (input) => onFact({ ...unplaced, ...input }) };
    },
    take: () => sums.take(),
    takeSpans: () => spans.splice(0),
  };
}
