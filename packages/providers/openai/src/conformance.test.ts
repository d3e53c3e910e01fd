import type { Llm, Stt, Tts } from "@parley/engine";
import { type OpenAiEndpoint, type OpenAiFault, type OpenAiServer, startOpenAiServer } from "@parley/testkit";
import { type FaultCase, llmConformance, sttConformance, ttsConformance } from "@parley/testkit/conformance";
import { afterAll, beforeAll } from "vitest";
import { openaiLlm, openaiStt, openaiTts } from "./index.ts";

const models = ["stt-1", "llm-1", "tts-1"];
let server: OpenAiServer;
beforeAll(async () => {
  server = await startOpenAiServer({
    models,
    transcribe: ({ samples }) => (samples.length > 0 ? "yes please" : ""),
    reply: ({ tools, afterTool }) =>
      tools.length > 0 && !afterTool
        ? { toolCalls: [{ tool: "opening_hours", args: { day: "monday" } }] }
        : "We are open from nine to five.",
    pieceMs: 1,
  });
});
afterAll(() => server.close());

/** Short only where something is to hang: a busy machine must not fail the rest. */
type Timeouts = { firstByteTimeoutMs?: number; idleTimeoutMs?: number };
const SHORT: Timeouts = { firstByteTimeoutMs: 200, idleTimeoutMs: 200 };
const account = (timeouts: Timeouts) => ({ apiKey: "test-key", baseUrl: server.baseUrl, ...timeouts });
const makeStt = (timeouts: Timeouts = {}): Stt => openaiStt({ ...account(timeouts), model: "stt-1" });
const makeLlm = (timeouts: Timeouts = {}): Llm => openaiLlm({ ...account(timeouts), model: "llm-1" });
const makeTts = (timeouts: Timeouts = {}): Tts => openaiTts({ ...account(timeouts), model: "tts-1" });

function faultsOf<T>(endpoint: OpenAiEndpoint, make: (timeouts?: Timeouts) => T): FaultCase<T>[] {
  const fault = (
    when: string,
    kind: OpenAiFault,
    ...categories: FaultCase<T>["categories"] & object
  ): FaultCase<T> => ({
    when,
    categories,
    make: () => {
      server.fault(endpoint, kind, 1);
      return make(kind.kind === "hung" || kind.kind === "stalled" ? SHORT : {});
    },
  });
  return [
    fault("closes the socket", { kind: "refused" }, "network"),
    fault("hangs", { kind: "hung" }, "timeout"),
    fault("stalls in the middle", { kind: "stalled" }, "timeout"),
    fault("breaks off in the middle", { kind: "cut" }, "network", "protocol"),
    fault("answers with something else", { kind: "garbage" }, "protocol"),
    fault("limits the rate", { kind: "rate-limited", retryAfterSeconds: 1 }, "rate-limited"),
    fault("fails with 500", { kind: "error", status: 500 }, "provider"),
  ];
}

sttConformance("openai", makeStt, { understands: /yes please/, faults: faultsOf("transcriptions", makeStt) });
llmConformance("openai", makeLlm, {
  answers: /nine to five/,
  toolCall: {
    make: makeLlm,
    request: {
      tools: [{ name: "opening_hours", description: "When the shop is open", parameters: { type: "object" } }],
    },
  },
  faults: faultsOf("chat", makeLlm),
  cuts: faultsOf("chat", makeLlm).slice(2, 4),
});
ttsConformance("openai", makeTts, { faults: faultsOf("speech", makeTts) });
