import type { FactOf } from "../../facts/index.ts";
import type { OpenTurn, RuleState, Segment, TurnsState } from "../state.ts";
import { update } from "../state.ts";

export function openTurn(fact: FactOf<"turn-opened">): OpenTurn {
  const { turnId, participantId, via, startMs, overReplyId } = fact;
  const segments = via === "speech" ? [segment(startMs)] : [];
  return { turnId, participantId, via, startMs, overReplyId, segments, wasted: 0 };
}

export function segment(startMs: number): Segment {
  return { startMs, endMs: null, status: "speaking", requestedAt: 0, takes: 0, text: "", understood: true };
}

/** Speech began again: its last stretch goes on, or a new one begins. */
export function goOn(turn: OpenTurn, { startMs, resumesMs }: FactOf<"speech-started">): OpenTurn {
  const last = turn.segments.at(-1);
  if (!last || resumesMs === undefined) return { ...turn, segments: [...turn.segments, segment(startMs)] };
  return { ...turn, segments: [...turn.segments.slice(0, -1), { ...segment(startMs), takes: last.takes + 1 }] };
}

export function isSpeaking(turn: OpenTurn): boolean {
  return turn.segments.some((part) => part.status === "speaking");
}

export function endSpeech(turn: OpenTurn, endMs: number, whole?: true): OpenTurn {
  const segments = update(
    turn.segments,
    (part) => part.status === "speaking",
    (part): Segment => ({ ...part, endMs: Math.max(endMs, part.startMs), status: "ended" }),
  );
  return segments === turn.segments ? turn : { ...turn, segments, ...(whole ? { whole } : {}) };
}

export function spoken(own: TurnsState, participantId: string, change: (turn: OpenTurn) => OpenTurn): TurnsState {
  const open = update(own.open, (turn) => turn.participantId === participantId && turn.via === "speech", change);
  return open === own.open ? own : { ...own, open };
}

/** `take`: which request for it this is about. Of one that went on meanwhile nothing is known by it. */
export function inSegment(
  own: TurnsState,
  { turnId, segment: index, take = 0 }: { turnId: string; segment: number; take?: number | undefined },
  to: Partial<Segment>,
): TurnsState {
  const isMeant = (part: Segment | undefined) => part !== undefined && !isOver(part) && part.takes === take;
  const open = update(
    own.open,
    (turn) => turn.turnId === turnId && isMeant(turn.segments[index]),
    (turn) => ({ ...turn, segments: turn.segments.map((part, i) => (i === index ? { ...part, ...to } : part)) }),
  );
  return open === own.open ? own : { ...own, open };
}

export function isOver(part: Segment): boolean {
  return part.status === "final" || part.status === "failed";
}

export function spokenTurn(state: RuleState, participantId: string): OpenTurn | undefined {
  return state.turns.open.find((turn) => turn.participantId === participantId && turn.via === "speech");
}
