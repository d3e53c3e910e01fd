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
  call(log: Log): CallWatch;
  /** What came since the last time; null: nothing. */
  take(): SumsOf | null;
}

export function measureCalls({ name, stt, llm, tts, realtime }: CallAgent): MeasuredCalls {
  const sums = openSums();
  const models = {
    stt: stt?.name ?? realtime?.name ?? "",
    llm: realtime?.name ?? llm?.name ?? "",
    tts: tts?.name ?? realtime?.name ?? "",
  };
  return {
    call(log) {
      const observe = observeCall(name, models);
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
