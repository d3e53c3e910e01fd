import { endedInFailure, type Fact, followTimeline, type TurnTimeline } from "@parley/conversation";
import { recent } from "../call/recent.ts";
import { type Span, spanIdOf, traceIdOf } from "./span.ts";

const MOST_TURNS = 32;

/** What of a reply the timeline does not tell, call time in ms. */
interface ReplyWork {
  textEndedAt: number | null;
  askedForSpeechAt: number | null;
  speechMadeAt: number | null;
}

/** The spans that a fact completes: a turn with its parts when it is over, the call when it ends. */
export type Tracing = (fact: Fact) => Span[];

/**
 * Follows one call: a trace of its own, in it a span for each turn, and under it where its time went. Pure, and bounded as
 * what is measured is. Of a call that was taken over, its turns from then on, and the whole call.
 */
export function traceCall(callId: string, agent: string): Tracing {
  const timeline = followTimeline();
  const work = recent<ReplyWork>();
  const open: string[] = [];
  const own = { traceId: traceIdOf(callId) };
  const attributes = { "call.id": callId, "agent.name": agent };
  const rootId = spanIdOf(callId, "call");
  /** Wall clock at call time 0. */
  let zeroMs: number | null = null;

  function span(
    name: string,
    key: string,
    parentId: string | null,
    from: number,
    to: number,
    more: Partial<Pick<Span, "attributes" | "error">> = {},
  ): Span {
    const zero = zeroMs ?? 0;
    return {
      ...own,
      spanId: key === "call" ? rootId : spanIdOf(callId, key),
      parentId,
      name,
      startMs: zero + from,
      endMs: zero + Math.max(from, to),
      attributes: { ...attributes, ...more.attributes },
      error: more.error ?? null,
    };
  }

  function turnOver(turnId: string, endAt: number): Span[] {
    const turn = timeline.turn(turnId);
    timeline.forget(turnId);
    if (!turn || zeroMs === null) return [];
    const { outcome, reason, via, speculative } = turn;
    const about = { "turn.id": turnId, "turn.outcome": outcome, "turn.via": via, "reply.speculative": speculative };
    const error = outcome === "failed" ? (reason ?? "failed") : null;
    const id = spanIdOf(callId, turnId);
    const whole = span("turn", turnId, rootId, turn.startAt, endAt, { attributes: about, error });
    const parts = partsOf(turn, turn.replyId === null ? undefined : work.take(turn.replyId), endAt);
    return [whole, ...parts.map(([name, from, to]) => span(name, `${turnId} ${name}`, id, from, to))];
  }

  function note(replyId: string, change: Partial<ReplyWork>): void {
    const none = { textEndedAt: null, askedForSpeechAt: null, speechMadeAt: null };
    work.put(replyId, { ...none, ...work.peek(replyId), ...change });
  }

  return (fact: Fact): Span[] => {
    timeline.see(fact);
    switch (fact.type) {
      case "call-started":
      case "call-recovered":
        zeroMs = fact.wallMs - fact.at;
        return [];
      case "turn-opened":
        open.push(fact.turnId);
        if (open.length > MOST_TURNS) timeline.forget(open.shift() as string);
        return [];
      case "reply-text-ended":
        note(fact.replyId, { textEndedAt: fact.at });
        return [];
      case "speech-requested":
        note(fact.replyId, { askedForSpeechAt: work.peek(fact.replyId)?.askedForSpeechAt ?? fact.at });
        return [];
      case "speech-made":
        note(fact.replyId, { speechMadeAt: fact.at });
        return [];
      // It follows the end of its reply.
      case "turn-replied":
      case "turn-skipped":
      case "turn-failed":
        return turnOver(fact.turnId, fact.at);
      case "call-closed": {
        const error = endedInFailure(fact.reason) ? fact.reason : null;
        const about = { "call.end_reason": fact.reason };
        return zeroMs === null ? [] : [span("call", "call", null, 0, fact.at, { attributes: about, error })];
      }
      default:
        return [];
    }
  };
}

function partsOf(turn: TurnTimeline, work: ReplyWork | undefined, endAt: number): [string, number, number][] {
  const { speechEndAt, transcriptAt, committedAt, requestedAt, firstTokenAt, firstAudioMadeAt, firstAudioSentAt } =
    turn;
  const spans: [name: string, from: number | null | undefined, to: number | null | undefined][] = [
    ["stt", speechEndAt, transcriptAt],
    ["endpointing", speechEndAt, committedAt],
    ["llm", requestedAt, firstTokenAt === null ? null : (work?.textEndedAt ?? firstTokenAt)],
    ["tts", work?.askedForSpeechAt ?? firstTokenAt, work?.speechMadeAt ?? firstAudioMadeAt],
    ["playback", firstAudioSentAt, endAt],
  ];
  return spans.flatMap(([name, from, to]) => (from == null || to == null ? [] : [[name, from, to]]));
}
