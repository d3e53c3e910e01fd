import type { Fact, InputBody } from "@parley/conversation";
import type { CallAgent } from "@parley/engine";
import { observeCall, openSums, type SumsOf } from "@parley/metrics";
import type { Log } from "../log.ts";

/** What a call tells of itself, as the engine's options name it. */
export interface CallWatch {
  onFact(fact: Fact): void;
  onEphemeral(input: InputBody): void;
}

/** What the calls of this process measure, until the supervisor is told. */
export interface MeasuredCalls {
  call(agent: CallAgent, log: Log): CallWatch;
  /** What came since the last time; null: nothing. */
  take(): SumsOf | null;
}

/** `name`: of the worker, which bounds how many there are: stored agents, of which there may be many, share one. */
export function measureCalls(name: string): MeasuredCalls {
  const sums = openSums();
  return {
    call({ stt, llm, tts, realtime }, log) {
      const observe = observeCall(name, {
        stt: stt?.name ?? realtime?.name ?? "",
        llm: realtime?.name ?? llm?.name ?? "",
        tts: tts?.name ?? realtime?.name ?? "",
      });
      let hasFailed = false;
      const onFact = (fact: Fact): void => {
        try {
          sums.add(observe(fact));
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
  };
}
