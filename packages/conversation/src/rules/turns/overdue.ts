import type { FactOf } from "../../facts/index.ts";
import type { RuleState, TurnsState } from "../state.ts";
import { inCommitted } from "./committed.ts";
import { endSpeech, inSegment, spoken } from "./segments.ts";

export function overdue(own: TurnsState, fact: FactOf<"deadline-passed">, state: RuleState): TurnsState {
  const [kind, turnId = "", index = "0", takes = "0"] = fact.deadline.split(":");
  const place = { turnId, segment: Number(index), take: Number(takes) };
  if (kind === "transcript") {
    const part = own.open.find((turn) => turn.turnId === turnId)?.segments[place.segment];
    return part?.status === "requested" ? inSegment(own, place, { status: "failed" }) : own;
  }
  if (kind === "turn-long") {
    const turn = own.open.find((candidate) => candidate.turnId === turnId);
    const part = turn?.segments[place.segment];
    if (!turn || part?.status !== "speaking" || part.takes !== place.take) return own;
    return spoken(own, turn.participantId, (candidate) => endSpeech(candidate, fact.at));
  }
  if (kind === "review") {
    const turn = state.turns.committed.find((candidate) => candidate.turnId === turnId);
    return turn?.status === "review" ? inCommitted(own, turnId, { status: "ready" }) : own;
  }
  return own;
}
