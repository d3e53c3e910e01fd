import type { Fact } from "@parley/conversation";
import type { Measurement } from "../catalogue/index.ts";
import { measured } from "./measurement.ts";
import type { Models, Part } from "./part.ts";
import { recent } from "./recent.ts";

interface Making {
  requestedAt: number;
  isSpeculative: boolean;
  hasToken: boolean;
  outputTokens: number;
  /** Sound made, ms. */
  madeMs: number;
}

/** What the model answers, what that costs, and how much of it was in vain. */
export function watchReplies({ llm }: Models): Part {
  const making = recent<Making>();

  return (fact: Fact): Measurement[] => {
    switch (fact.type) {
      case "reply-requested": {
        const { replyId, at: requestedAt, speculative: isSpeculative } = fact;
        making.put(replyId, { requestedAt, isSpeculative, hasToken: false, outputTokens: 0, madeMs: 0 });
        return [];
      }
      case "reply-first-token": {
        const reply = making.peek(fact.replyId);
        if (!reply || reply.hasToken) return [];
        reply.hasToken = true;
        return [measured("llm_latency", fact.at - reply.requestedAt, { model: llm })];
      }
      case "speech-made": {
        const reply = making.peek(fact.replyId);
        if (reply) reply.madeMs += fact.ms;
        return [];
      }
      case "usage-reported": {
        const reply = fact.replyId === undefined ? undefined : making.peek(fact.replyId);
        if (reply) reply.outputTokens += fact.outputTokens ?? 0;
        return used(fact.model, fact.inputTokens, fact.outputTokens);
      }
      case "reply-released": {
        const reply = making.peek(fact.replyId);
        if (!reply?.isSpeculative) return [];
        reply.isSpeculative = false;
        return [measured("speculative_replies", 1, { outcome: "used" })];
      }
      case "reply-discarded": {
        const reply = making.take(fact.replyId);
        if (!reply) return [];
        return [
          ...(reply.isSpeculative ? [measured("speculative_replies", 1, { outcome: "discarded" })] : []),
          ...(reply.outputTokens > 0 ? [measured("llm_tokens_unheard", reply.outputTokens, { model: llm })] : []),
          ...sound("tts_audio_unheard", reply.madeMs),
        ];
      }
      case "reply-finished": {
        const madeMs = making.take(fact.replyId)?.madeMs ?? fact.heardMs;
        return [...sound("tts_audio_heard", fact.heardMs), ...sound("tts_audio_unheard", madeMs - fact.heardMs)];
      }
      default:
        return [];
    }
  };
}

function used(model: string, input: number | undefined, output: number | undefined): Measurement[] {
  return [
    ...(input === undefined ? [] : [measured("llm_tokens", input, { model, direction: "input" })]),
    ...(output === undefined
      ? []
      : [
          measured("llm_tokens", output, { model, direction: "output" }),
          measured("llm_response_tokens", output, { model }),
        ]),
  ];
}

function sound(name: "tts_audio_heard" | "tts_audio_unheard", ms: number): Measurement[] {
  return ms > 0 ? [measured(name, ms, {})] : [];
}
