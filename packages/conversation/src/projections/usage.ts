import type { Fact } from "../facts/index.ts";

/** What a call used, by model, and how much of it was prepared in vain. */
export interface Usage {
  models: Record<string, ModelUsage>;
  /** Replies that were prepared at a pause and never heard. */
  discardedReplies: number;
  /** Sound that was made and never heard, ms. */
  unheardMs: number;
  heardMs: number;
}

export interface ModelUsage {
  stage: "stt" | "llm" | "tts" | "realtime";
  requests: number;
  inputTokens: number;
  outputTokens: number;
  characters: number;
  audioMs: number;
}

export function usageOf(facts: Iterable<Fact>): Usage {
  const usage: Usage = { models: {}, discardedReplies: 0, unheardMs: 0, heardMs: 0 };
  const made = new Map<string, number>();
  for (const fact of facts) {
    switch (fact.type) {
      case "usage-reported": {
        usage.models[fact.model] ??= {
          stage: fact.stage,
          requests: 0,
          inputTokens: 0,
          outputTokens: 0,
          characters: 0,
          audioMs: 0,
        };
        const model = usage.models[fact.model] as ModelUsage;
        model.requests += 1;
        model.inputTokens += fact.inputTokens ?? 0;
        model.outputTokens += fact.outputTokens ?? 0;
        model.characters += fact.characters ?? 0;
        model.audioMs += fact.audioMs ?? 0;
        break;
      }
      case "speech-made":
        made.set(fact.replyId, (made.get(fact.replyId) ?? 0) + fact.ms);
        break;
      case "reply-discarded":
        usage.discardedReplies += 1;
        usage.unheardMs += made.get(fact.replyId) ?? 0;
        break;
      case "reply-finished":
        usage.heardMs += fact.heardMs;
        usage.unheardMs += Math.max(0, (made.get(fact.replyId) ?? 0) - fact.heardMs);
        break;
    }
  }
  return usage;
}
