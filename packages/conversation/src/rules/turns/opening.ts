import type { Decision, FactOf } from "../../facts/index.ts";
import type { RuleState } from "../state.ts";

export function opened(state: RuleState, participantId: string, via: "speech" | "text", startMs: number): Decision {
  const turnId = `t${state.turns.opened + 1}`;
  const overReplyId = state.playback.current?.audible ? state.playback.current.replyId : null;
  return { type: "turn-opened", turnId, participantId, via, startMs, overReplyId };
}

export function typed(state: RuleState, fact: FactOf<"text-received">): Decision[] {
  const turn = opened(state, fact.participantId, "text", fact.at) as FactOf<"turn-opened">;
  const { turnId, participantId } = turn;
  const text = fact.text.trim();
  return [turn, { type: "turn-committed", turnId, participantId, text, understood: true, endMs: fact.at }];
}

export function requestTranscripts(state: RuleState): Decision[] {
  if (state.settings.mode === "realtime") return [];
  return state.turns.open.flatMap((turn) =>
    turn.segments.flatMap((part, segment) =>
      part.status === "ended"
        ? [
            {
              type: "transcript-requested" as const,
              turnId: turn.turnId,
              segment,
              ...(part.takes > 0 ? { take: part.takes } : {}),
            },
          ]
        : [],
    ),
  );
}
