import type { FactSink } from "@parley/uplink";
import type { Part, StatusBoard } from "./parts.ts";

const STAGES: Readonly<Record<string, Part>> = { stt: "stt", llm: "llm", tts: "tts", realtime: "llm" };
const WORKED: Readonly<Record<string, Part>> = {
  "transcript-final": "stt",
  "reply-first-token": "llm",
  "speech-made": "tts",
};

/** The facts on their way into the store: they tell how the store and the calls' providers fare. */
export function watchFacts(facts: FactSink, board: StatusBoard): FactSink {
  return {
    read: (callId, page) => facts.read(callId, page),
    async appendBatch(batch) {
      for (const fact of batch.facts) look(fact, board);
      try {
        const result = await facts.appendBatch(batch);
        board.worked("store");
        return result;
      } catch (error) {
        board.failed("store", error instanceof Error ? error.message : String(error));
        throw error;
      }
    },
  };
}

function look(fact: Readonly<Record<string, unknown>> & { type: string }, board: StatusBoard): void {
  const worked = WORKED[fact.type];
  if (worked !== undefined) board.worked(worked);
  else if (fact.type === "transcript-failed") board.failed("stt", messageOf(fact.error));
  else if (fact.type === "reply-failed") {
    const part = STAGES[String(fact.stage)];
    if (part !== undefined) board.failed(part, messageOf(fact.error));
  }
}

function messageOf(failure: unknown): string {
  const { code, message } = (failure ?? {}) as { code?: unknown; message?: unknown };
  return `${String(code ?? "unknown")}: ${String(message ?? "")}`;
}
