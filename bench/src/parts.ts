import { readFileSync } from "node:fs";
import type { Turn } from "./caller/plan.ts";
import type { MockEvent } from "./mock-ai/log.ts";
import { PAUSE_MS, PROVIDER_MS, settings } from "./mock-ai/settings.ts";
import { type Stats, stats } from "./stats.ts";

/** Where the time of a turn goes; ms. Only one caller's turns can be told apart in the providers' log. */
export interface Parts {
  /** End of speech to the transcription request. */
  endpoint: Stats | null;
  sttToLlm: Stats | null;
  /** First token to the first speech request. */
  llmToTts: Stats | null;
  /** First byte of speech to the first sound in the caller's ear. */
  ttsToEar: Stats | null;
  /** What is left of the turn without endpoint and provider delays. */
  overhead: Stats | null;
  /** What is left of it without the pause that ends a turn, and without the providers' time outside of that pause. */
  beyond: Stats | null;
}

export function readMockLog(path: string): MockEvent[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

export function partsOf(turns: readonly Turn[], events: readonly MockEvent[]): Parts {
  const rows = turns.flatMap((turn) => {
    const { heardAt, endedAt, startedAt, answered } = turn;
    if (heardAt === undefined || answered !== "whole") return [];
    const inside = events.filter((event) => event.startedAt > startedAt && event.startedAt < heardAt);
    // A speculative request may have been given up: what was heard came from the last one that was not.
    const stt = inside.findLast((event) => event.kind === "stt");
    const llm = inside.findLast((event) => event.kind === "llm" && !event.aborted);
    const tts = inside.find((event) => event.kind === "tts" && event.startedAt > (llm?.startedAt ?? 0));
    if (stt?.kind !== "stt" || llm?.kind !== "llm" || tts?.kind !== "tts") return [];
    const endpoint = stt.startedAt - endedAt;
    return [
      {
        endpoint,
        sttToLlm: llm.startedAt - stt.endedAt,
        llmToTts: tts.startedAt - llm.firstAt,
        ttsToEar: heardAt - tts.firstAt,
        overhead: heardAt - endedAt - endpoint - PROVIDER_MS,
        beyond: heardAt - endedAt - PAUSE_MS - (PROVIDER_MS - insidePause(endpoint)),
      },
    ];
  });
  const part = (name: keyof Parts) => stats(rows.map((row) => row[name]));
  return {
    endpoint: part("endpoint"),
    sttToLlm: part("sttToLlm"),
    llmToTts: part("llmToTts"),
    ttsToEar: part("ttsToEar"),
    overhead: part("overhead"),
    beyond: part("beyond"),
  };
}

/** How much of a transcription, asked for so long after the last sound, lies inside the pause that ends the turn. */
function insidePause(endpointMs: number): number {
  return Math.max(0, Math.min(settings.sttMs, PAUSE_MS - endpointMs));
}
