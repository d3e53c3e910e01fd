import { simulatedCaller } from "../caller/simulated-caller.ts";
import {
  callLogConformance,
  echoCancellerConformance,
  llmConformance,
  noiseFilterConformance,
  sttConformance,
  transportConformance,
  ttsConformance,
  turnDetectorConformance,
  vadConformance,
} from "../conformance/index.ts";
import { fakeTransport } from "../transport/fake-transport.ts";
import { fakeEchoCanceller, fakeNoiseFilter } from "./cleaning.ts";
import type { FaultName } from "./faults.ts";
import { fakeLlm } from "./llm.ts";
import { memoryLog } from "./memory-log.ts";
import { fakeStt } from "./stt.ts";
import { fakeTts } from "./tts.ts";
import { fakeTurnDetector } from "./turn-detector.ts";
import { fakeVad } from "./vad.ts";

const FAULTS: Exclude<FaultName, "hung" | "thrown" | "cut">[] = [
  "refused",
  "unavailable",
  "rate-limited",
  "unauthorised",
  "timeout",
  "garbage",
];

sttConformance("fakeStt", () => fakeStt({ delayMs: 5, answers: ["yes please"] }), {
  understands: /^yes please$/,
  timeoutMs: 2000,
  faults: [...FAULTS, "cut" as const].map((fault) => ({
    when: fault,
    make: () => fakeStt({ delayMs: 5, answers: [{ fault }] }),
  })),
});

llmConformance("fakeLlm", () => fakeLlm({ firstMs: 2, tokenMs: 1, answers: ["Certainly, we open at nine."] }), {
  answers: /^Certainly, we open at nine\.$/,
  timeoutMs: 2000,
  toolCall: {
    make: () => fakeLlm({ answers: [{ text: "One moment.", toolCalls: [{ tool: "book", args: { seats: 2 } }] }] }),
    request: { tools: [{ name: "book", description: "Books a table", parameters: { type: "object" } }] },
  },
  faults: FAULTS.map((fault) => ({ when: fault, make: () => fakeLlm({ answers: [{ text: "I will", fault }] }) })),
  cuts: [{ when: "cut", make: () => fakeLlm({ answers: [{ text: "I will look that up for you.", fault: "cut" }] }) }],
});

ttsConformance("fakeTts", () => fakeTts({ firstMs: 2, pace: 0.001 }), {
  timeoutMs: 3000,
  faults: [...FAULTS, "cut" as const].map((fault) => ({
    when: fault,
    make: () => fakeTts({ pace: 0.001, answers: [{ fault }] }),
  })),
});

vadConformance("fakeVad", () => fakeVad());

echoCancellerConformance("fakeEchoCanceller", () => fakeEchoCanceller({ delayMs: 120, gain: 0.1 }));

noiseFilterConformance("fakeNoiseFilter", () => fakeNoiseFilter());

turnDetectorConformance("fakeTurnDetector", () => fakeTurnDetector({ delayMs: 2 }), {
  timeoutMs: 2000,
  faults: FAULTS.map((fault) => ({ when: fault, make: () => fakeTurnDetector({ answers: [{ fault }] }) })),
});

callLogConformance(
  "memoryLog",
  () => {
    const log = memoryLog();
    return { log, read: () => log.facts };
  },
  {
    small: {
      fits: 5,
      make: () => {
        const log = memoryLog({ maxFacts: 5 });
        return { log, read: () => log.facts };
      },
    },
    broken: () => {
      const log = memoryLog({ fails: () => true });
      return { log, read: () => log.facts };
    },
  },
);

transportConformance("fakeTransport", () => {
  const transport = fakeTransport();
  const caller = simulatedCaller(transport);
  let joinedAtMs = 0;
  let joins = false;
  let leave = async () => caller.leave();
  return {
    transport,
    peer: {
      participantId: caller.participantId,
      async join() {
        joins = true;
        joinedAtMs = transport.clock.now();
        caller.join();
      },
      say: async (samples) => void (await caller.say(samples)),
      type: async (text) => caller.type(text),
      heard: () => ({
        samples: joins ? caller.recording(joinedAtMs, transport.clock.now()) : new Int16Array(0),
        sampleRateHz: transport.out.sampleRateHz,
      }),
      leave: () => leave(),
    },
    async close() {
      leave = async () => {};
      caller.leave();
    },
  };
});
