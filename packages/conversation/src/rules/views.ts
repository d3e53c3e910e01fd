import type { SeenPause } from "../policies/endpointing/policy.ts";
import type { OpenTurn, Person, Reply, RuleState, ToolCall, TurnsState } from "./state.ts";

// What a concern may ask about the others: read-only, derived, never stored.

export function isListenedTo(state: RuleState, participantId: string): boolean {
  return state.hearing.people[participantId]?.present === true;
}

export function someoneListens(state: RuleState): boolean {
  if (state.settings.mode === "text") return someoneIsThere(state);
  return someone(state, (person) => person.present && person.ready);
}

export function someoneIsThere(state: RuleState): boolean {
  return someone(state, (person) => person.present);
}

function someone(state: RuleState, is: (person: Person) => boolean): boolean {
  const { people } = state.hearing;
  for (const id in people) if (is(people[id] as Person)) return true;
  return false;
}

/** Since when the longest present speaker has been speaking; null when all are silent. */
export function speakingSince(state: RuleState): number | null {
  let since: number | null = null;
  for (const id in state.hearing.people) {
    const person = state.hearing.people[id] as Person;
    const start = person.present && person.speakingSinceMs !== null ? person.stretchSinceMs : null;
    if (start !== null && (since === null || start < since)) since = start;
  }
  return since;
}

/** Somebody has the floor: a spoken turn is under way. */
export function floorIsTaken(state: RuleState): boolean {
  return state.turns.open.length > 0;
}

export function turnText(turn: OpenTurn): string {
  return turn.segments
    .map((part) => part.text)
    .filter((text) => text !== "")
    .join(" ");
}

/** Of this person; identities are strangers' to choose, and "constructor" is one. */
export function pausesOf(turns: TurnsState, participantId: string): readonly SeenPause[] {
  return Object.hasOwn(turns.pauses, participantId) ? (turns.pauses[participantId] ?? []) : [];
}

/** Every stretch of it is over and has its transcript (or has failed). */
export function isSettled(turn: OpenTurn): boolean {
  return turn.segments.every((part) => part.status === "final" || part.status === "failed");
}

export function replyById(state: RuleState, replyId: string | undefined): Reply | undefined {
  return state.replies.active.find((reply) => reply.replyId === replyId);
}

/**
 * Its turn is committed and may be answered (or it needs no turn): it may act and sound. Not while the author looks at a
 * later turn, which may be answered in its place.
 */
export function isApproved(state: RuleState, reply: Reply): boolean {
  if (reply.cause.kind !== "turn") return true;
  const { turnId } = reply.cause;
  const nth = state.turns.committed.findIndex((candidate) => candidate.turnId === turnId);
  const turn = state.turns.committed[nth];
  if (state.turns.committed.some((later, index) => index > nth && later.status === "review")) return false;
  return turn?.status === "ready" && (reply.basis === null || reply.basis === turn.text);
}

export function isAudible(state: RuleState, reply: Reply): boolean {
  return state.playback.current?.replyId === reply.replyId && state.playback.current.audible;
}

/** Every sentence's sound is wholly made. */
export function isMade(reply: Reply): boolean {
  return reply.sentences.every((sentence) => sentence.ms !== null);
}

export function soundMs(reply: Reply): number {
  return reply.sentences.reduce((sum, sentence) => sum + (sentence.ms ?? 0), 0);
}

/** What is left to be heard of a reply, ms; Infinity while it is still being made. */
export function remainingMs(state: RuleState, replyId: string): number {
  const reply = replyById(state, replyId);
  if (!reply) return 0;
  if (!reply.textEnded || !isMade(reply)) return Number.POSITIVE_INFINITY;
  const heard = state.playback.current?.replyId === replyId ? state.playback.current.heardMs : 0;
  return soundMs(reply) - heard;
}

/** Tool calls of a reply that have no outcome yet. */
export function unfinishedTools(state: RuleState, replyId: string): ToolCall[] {
  return state.tools.calls.filter((call) => call.replyId === replyId && call.status !== "done");
}

/** The model asked for tools in this step of the reply. */
export function calledInStep(state: RuleState, replyId: string, step: number): boolean {
  return state.tools.calls.some((call) => call.replyId === replyId && call.step === step);
}
