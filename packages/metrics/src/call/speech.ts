import type { Fact } from "@parley/conversation";
import type { Measurement } from "../catalogue/index.ts";
import { measured } from "./measurement.ts";
import type { Models, Part } from "./part.ts";
import { recent } from "./recent.ts";

/** What is heard and what is said: transcripts, and sentences made into speech. */
export function watchSpeech({ stt, tts }: Models): Part {
  const asked = recent<number>();
  const request = ({ turnId, segment, take = 1 }: { turnId: string; segment: number; take?: number | undefined }) =>
    `${turnId}/${segment}/${take}`;
  const sentence = ({ replyId, index }: { replyId: string; index: number }) => `${replyId}#${index}`;

  return (fact: Fact): Measurement[] => {
    switch (fact.type) {
      case "transcript-requested":
        asked.put(request(fact), fact.at);
        return [measured("stt_sessions", 1, { model: stt })];
      case "transcript-interim":
        return [measured("stt_interim_results", 1, { model: stt })];
      case "transcript-final": {
        const askedAt = asked.take(request(fact));
        return [
          ...(askedAt === undefined ? [] : [measured("stt_latency", fact.at - askedAt, { model: stt })]),
          ...(fact.confidence === undefined ? [] : [measured("stt_confidence", fact.confidence, { model: stt })]),
        ];
      }
      case "transcript-failed":
        asked.take(request(fact));
        return [];
      case "speech-requested":
        asked.put(sentence(fact), fact.at);
        return [];
      case "speech-first-audio": {
        const askedAt = asked.take(sentence(fact));
        return askedAt === undefined ? [] : [measured("tts_latency", fact.at - askedAt, { model: tts })];
      }
      case "speech-made":
        return [measured("tts_audio_duration", fact.ms, { model: tts }), measured("tts_responses", 1, { model: tts })];
      default:
        return [];
    }
  };
}
