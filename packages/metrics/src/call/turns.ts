import { type Fact, followTimeline, type TurnTimeline } from "@parley/conversation";
import type { LabelsOf, Measurement } from "../catalogue/index.ts";
import { measured } from "./measurement.ts";
import type { Part } from "./part.ts";

/** Turns that are followed at a time; the oldest are given up where a log does not say how they ended. */
const MOST_TURNS = 32;

/** Where the milliseconds of a turn went, and who spoke over whom. */
export function watchTurns(): Part {
  const timeline = followTimeline();
  const open: string[] = [];
  const measuredTurns = new Set<string>();
  const speech = new Map<string, number>();
  /** By reply, who speaks over it. */
  const over = new Map<string, string>();

  function forget(turnId: string): void {
    timeline.forget(turnId);
    measuredTurns.delete(turnId);
  }

  function answerSounds(replyId: string): Measurement[] {
    const turnId = timeline.answeredBy(replyId);
    const turn = turnId === null ? null : timeline.turn(turnId);
    if (!turn || measuredTurns.has(turn.turnId)) return [];
    measuredTurns.add(turn.turnId);
    return partsOf(turn);
  }

  function bargeIn(replyId: string, outcome: "stopped" | "resumed"): Measurement[] {
    return over.delete(replyId) ? [measured("barge_ins", 1, { outcome })] : [];
  }

  return (fact: Fact): Measurement[] => {
    timeline.see(fact);
    switch (fact.type) {
      case "turn-opened":
        open.push(fact.turnId);
        if (open.length > MOST_TURNS) forget(open.shift() as string);
        return [];
      case "turn-replied":
        return [measured("turns", 1, { outcome: "replied" })];
      case "turn-skipped":
      case "turn-failed":
        return [measured("turns", 1, { outcome: fact.type === "turn-failed" ? "failed" : "skipped" })];
      case "playback-started":
        return answerSounds(fact.replyId);
      case "speech-started":
        if (speech.size > MOST_TURNS) speech.clear();
        speech.set(fact.participantId, fact.resumesMs ?? fact.startMs);
        return [];
      case "reply-ducked":
        over.set(fact.replyId, fact.participantId);
        return [];
      case "reply-paused": {
        const since = speech.get(over.get(fact.replyId) ?? "");
        return since === undefined ? [] : [measured("barge_in_latency", Math.max(0, fact.at - since), {})];
      }
      case "reply-resumed":
        return bargeIn(fact.replyId, "resumed");
      case "reply-stopped":
        return bargeIn(fact.replyId, "stopped");
      case "reply-finished":
        over.delete(fact.replyId);
        return [];
      default:
        return [];
    }
  };
}

type TurnPart = LabelsOf<"turn_latency">["part"];

function partsOf(turn: TurnTimeline): Measurement[] {
  const { speechEndAt, transcriptAt, committedAt, requestedAt, firstTokenAt, firstAudioMadeAt, firstAudioSentAt } =
    turn;
  const spans: [TurnPart, from: number | null, to: number | null][] = [
    ["total", speechEndAt, firstAudioSentAt],
    ["endpointing", speechEndAt, committedAt],
    ["stt", speechEndAt, transcriptAt],
    ["llm", requestedAt, firstTokenAt],
    ["tts", firstTokenAt ?? requestedAt, firstAudioMadeAt],
    ["playback", later(firstAudioMadeAt, committedAt), firstAudioSentAt],
  ];
  return spans.flatMap(([part, from, to]) =>
    from === null || to === null ? [] : [measured("turn_latency", Math.max(0, to - from), { part })],
  );
}

const later = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? one : Math.max(one, other);
