import type { Decision, FactOf } from "../facts/index.ts";
import { isBackChannel } from "../policies/back-channel.ts";
import { endpointingDelayMs } from "../policies/endpointing/index.ts";
import type { CommittedTurn, Concern, Deadline, OpenTurn, RuleState, Segment, TurnsState } from "./state.ts";
import { update } from "./state.ts";
import { isListenedTo, isSettled, remainingMs, turnText } from "./views.ts";

/** Turn-taking: opened -> committed -> replied | skipped | failed; exactly one of the last three. */
export const turns: Concern<TurnsState> = {
  initial: { opened: 0, open: [], committed: [] },
  evolve(own, fact, state) {
    switch (fact.type) {
      case "turn-opened":
        return { ...own, opened: own.opened + 1, open: [...own.open, openTurn(fact)] };
      case "speech-started":
        return spoken(own, fact.participantId, (turn) =>
          isSpeaking(turn) ? turn : { ...turn, segments: [...turn.segments, segment(fact.startMs)] },
        );
      case "speech-ended":
        return spoken(own, fact.participantId, (turn) => endSpeech(turn, fact.endMs));
      case "participant-left":
        return spoken(own, fact.participantId, (turn) => endSpeech(turn, fact.at));
      case "transcript-requested":
        return inSegment(own, fact.turnId, fact.segment, { status: "requested", requestedAt: fact.at });
      case "transcript-final":
        return inSegment(own, fact.turnId, fact.segment, {
          status: "final",
          text: fact.text.trim(),
          understood: fact.understood,
        });
      case "transcript-failed":
        return inSegment(own, fact.turnId, fact.segment, { status: "failed" });
      case "reply-discarded":
        return { ...own, open: countWasted(own.open, fact.replyId, state) };
      case "turn-committed": {
        const turn = own.open.find((candidate) => candidate.turnId === fact.turnId);
        if (!turn) return own;
        return {
          ...own,
          open: own.open.filter((candidate) => candidate !== turn),
          committed: [...own.committed, committedTurn(fact, turn)],
        };
      }
      case "turn-review-requested":
        return inCommitted(own, fact.turnId, { status: "review" });
      case "turn-reviewed":
        return inCommitted(own, fact.turnId, {
          ...(fact.verdict === "reply" ? { status: "ready" } : {}),
          ...(fact.text === undefined ? {} : { text: fact.text }),
        });
      case "turn-replied":
      case "turn-skipped":
      case "turn-failed":
        return { ...own, committed: own.committed.filter((turn) => turn.turnId !== fact.turnId) };
      case "deadline-passed":
        return overdue(own, fact, state);
      case "call-recovered":
        // Sound that was not transcribed died with the process.
        return {
          ...own,
          open: own.open.map((turn) => ({
            ...turn,
            segments: turn.segments.map((part) =>
              part.status === "final" || part.status === "failed"
                ? part
                : { ...part, endMs: part.endMs ?? fact.at, status: "failed" as const },
            ),
          })),
        };
      default:
        return own;
    }
  },
  decide(state, fact) {
    const open = state.closing.phase === "open" || state.closing.phase === "asked";
    switch (fact.type) {
      case "speech-started": {
        if (!open || !isListenedTo(state, fact.participantId)) return [];
        if (spokenTurn(state, fact.participantId)) return [];
        return [opened(state, fact.participantId, "speech", fact.startMs)];
      }
      case "text-received":
        if (!open || !isListenedTo(state, fact.participantId) || fact.text.trim() === "") return [];
        return typed(state, fact);
      case "model-turn-ended": {
        const turn = spokenTurn(state, fact.participantId);
        return turn && open ? [commit(turn, state)] : [];
      }
      case "speech-ended":
      case "participant-left":
        return requestTranscripts(state);
      case "deadline-passed":
        return [...requestTranscripts(state), ...commitDue(state, fact.deadline), ...reviewOver(state, fact.deadline)];
      case "transcript-final":
      case "transcript-failed":
      case "call-recovered":
      case "network-changed":
        return commitDue(state, null);
      case "turn-committed":
        return outcome(state, fact.turnId);
      case "turn-reviewed":
        // Later than it was waited for: the reply is on its way.
        if (fact.verdict === "reply") return supersede(state, fact.turnId);
        return isInReview(state, fact.turnId) ? [{ type: "turn-skipped", turnId: fact.turnId, reason: "author" }] : [];
      case "reply-finished":
      case "reply-discarded":
        return answered(state, fact);
      case "call-closing":
        return callEnded(state);
      default:
        return [];
    }
  },
  deadlines(state) {
    const { bounds } = state.settings;
    const list: Deadline[] = [];
    for (const turn of state.turns.open) {
      // Until its words are there nothing can be decided: their coming, or their own deadline, is waited for.
      const due = state.settings.mode === "realtime" || isSettled(turn) ? endpointDue(turn, state) : null;
      if (due !== null) list.push({ id: endpointId(turn), at: due });
      turn.segments.forEach((part, index) => {
        if (part.status === "requested")
          list.push({ id: `transcript:${turn.turnId}:${index}`, at: part.requestedAt + bounds.transcriptMs });
        if (part.status === "speaking")
          list.push({ id: `turn-long:${turn.turnId}:${index}`, at: part.startMs + bounds.turnMs });
      });
    }
    for (const turn of state.turns.committed)
      if (turn.status === "review") list.push({ id: `review:${turn.turnId}`, at: turn.committedAt + bounds.reviewMs });
    return list;
  },
};

function openTurn(fact: FactOf<"turn-opened">): OpenTurn {
  const { turnId, participantId, via, startMs, overReplyId } = fact;
  const segments = via === "speech" ? [segment(startMs)] : [];
  return { turnId, participantId, via, startMs, overReplyId, segments, wasted: 0 };
}

function segment(startMs: number): Segment {
  return { startMs, endMs: null, status: "speaking", requestedAt: 0, text: "", understood: true };
}

function isSpeaking(turn: OpenTurn): boolean {
  return turn.segments.some((part) => part.status === "speaking");
}

function endSpeech(turn: OpenTurn, endMs: number): OpenTurn {
  const segments = update(
    turn.segments,
    (part) => part.status === "speaking",
    (part): Segment => ({ ...part, endMs: Math.max(endMs, part.startMs), status: "ended" }),
  );
  return segments === turn.segments ? turn : { ...turn, segments };
}

function spoken(own: TurnsState, participantId: string, change: (turn: OpenTurn) => OpenTurn): TurnsState {
  const open = update(own.open, (turn) => turn.participantId === participantId && turn.via === "speech", change);
  return open === own.open ? own : { ...own, open };
}

function inSegment(own: TurnsState, turnId: string, index: number, to: Partial<Segment>): TurnsState {
  const open = update(
    own.open,
    (turn) => turn.turnId === turnId && turn.segments[index] !== undefined && !isOver(turn.segments[index]),
    (turn) => ({ ...turn, segments: turn.segments.map((part, i) => (i === index ? { ...part, ...to } : part)) }),
  );
  return open === own.open ? own : { ...own, open };
}

function isOver(part: Segment): boolean {
  return part.status === "final" || part.status === "failed";
}

function isInReview(state: RuleState, turnId: string): boolean {
  return state.turns.committed.some((turn) => turn.turnId === turnId && turn.status === "review");
}

function inCommitted(own: TurnsState, turnId: string, to: Partial<CommittedTurn>): TurnsState {
  const committed = update(
    own.committed,
    (turn) => turn.turnId === turnId,
    (turn) => ({ ...turn, ...to }),
  );
  return committed === own.committed ? own : { ...own, committed };
}

function committedTurn(fact: FactOf<"turn-committed">, turn: OpenTurn): CommittedTurn {
  const { turnId, participantId, text, understood, endMs } = fact;
  const unheard = turn.segments.length > 0 && text === "" && turn.segments.some((part) => part.status === "failed");
  const { overReplyId } = turn;
  const committedAt = fact.at;
  return { turnId, participantId, text, understood, overReplyId, endMs, committedAt, unheard, status: "ready" };
}

function countWasted(open: readonly OpenTurn[], replyId: string, state: RuleState): readonly OpenTurn[] {
  const cause = state.replies.active.find((reply) => reply.replyId === replyId)?.cause;
  if (cause?.kind !== "turn") return open;
  return update(
    open,
    (turn) => turn.turnId === cause.turnId,
    (turn) => ({ ...turn, wasted: turn.wasted + 1 }),
  );
}

function spokenTurn(state: RuleState, participantId: string): OpenTurn | undefined {
  return state.turns.open.find((turn) => turn.participantId === participantId && turn.via === "speech");
}

function opened(state: RuleState, participantId: string, via: "speech" | "text", startMs: number): Decision {
  const turnId = `t${state.turns.opened + 1}`;
  const overReplyId = state.playback.current?.audible ? state.playback.current.replyId : null;
  return { type: "turn-opened", turnId, participantId, via, startMs, overReplyId };
}

function typed(state: RuleState, fact: FactOf<"text-received">): Decision[] {
  const turn = opened(state, fact.participantId, "text", fact.at) as FactOf<"turn-opened">;
  const { turnId, participantId } = turn;
  const text = fact.text.trim();
  return [turn, { type: "turn-committed", turnId, participantId, text, understood: true, endMs: fact.at }];
}

function requestTranscripts(state: RuleState): Decision[] {
  if (state.settings.mode === "realtime") return [];
  return state.turns.open.flatMap((turn) =>
    turn.segments.flatMap((part, segment) =>
      part.status === "ended" ? [{ type: "transcript-requested" as const, turnId: turn.turnId, segment }] : [],
    ),
  );
}

/** Its version: a deadline set for an earlier state of the turn says nothing about this one. */
function endpointId(turn: OpenTurn): string {
  return `endpoint:${turn.turnId}:${turn.segments.length}.${turn.segments.filter(isOver).length}`;
}

function endpointDue(turn: OpenTurn, state: RuleState): number | null {
  if (turn.via === "text" || isSpeaking(turn)) return null;
  const person = state.hearing.people[turn.participantId];
  const silentSince = Math.max(...turn.segments.map((part) => part.endMs ?? part.startMs));
  // Network gone: what is missing is not silence. It waits for the network, or for the grace time's end.
  const isLost = person?.present && person.network === "lost";
  const leastMs = isLost ? state.settings.closing.graceMs : 0;
  // A speech-to-speech model ends the turn itself; this is only the bound.
  if (state.settings.mode === "realtime") return silentSince + Math.max(leastMs, state.settings.bounds.transcriptMs);
  const text = turnText(turn);
  const delayMs = endpointingDelayMs({ text, language: state.language }, state.settings.endpointing);
  return silentSince + Math.max(leastMs, delayMs);
}

function commitDue(state: RuleState, deadline: string | null): Decision[] {
  return state.turns.open
    .filter((turn) => {
      if (state.settings.mode === "realtime") return deadline === endpointId(turn);
      const due = endpointDue(turn, state);
      if (due === null || !isSettled(turn)) return false;
      return state.at >= due || deadline === endpointId(turn);
    })
    .map((turn) => commit(turn, state));
}

function commit(turn: OpenTurn, state: RuleState): Decision {
  const understood = turn.segments.every((part) => part.status !== "final" || part.understood);
  const endMs = Math.max(turn.startMs, ...turn.segments.map((part) => part.endMs ?? state.at));
  const { turnId, participantId } = turn;
  return { type: "turn-committed", turnId, participantId, text: turnText(turn), understood, endMs };
}

/** What a committed turn leads to: nothing to say, a review, or (by the rules of replies) an answer. */
function outcome(state: RuleState, turnId: string): Decision[] {
  const turn = state.turns.committed.find((candidate) => candidate.turnId === turnId);
  if (!turn) return [];
  const skip = (reason: FactOf<"turn-skipped">["reason"]): Decision[] => [{ type: "turn-skipped", turnId, reason }];
  if (state.closing.phase === "closing") return skip("call-ended");
  if (state.settings.mode !== "realtime" || turn.text !== "") {
    if (turn.unheard) return [{ type: "turn-failed", turnId, stage: "stt" }, ...supersede(state, turnId)];
    const overReply = state.playback.current?.replyId === turn.overReplyId ? turn.overReplyId : null;
    if (turn.text === "" && (turn.understood || overReply !== null)) return skip("no-words");
    if (
      overReply !== null &&
      isBackChannel(turn.text) &&
      remainingMs(state, overReply) > state.settings.interruption.tailMs
    )
      return skip("back-channel");
  }
  // Whether it is to be answered at all, and earlier turns with it, is the author's to say.
  return state.settings.reviewTurns ? [{ type: "turn-review-requested", turnId }] : supersede(state, turnId);
}

/** Earlier turns that nobody has heard an answer to yet are answered together with this one. */
function supersede(state: RuleState, turnId: string): Decision[] {
  const { current } = state.playback;
  const audible = state.replies.active.find((reply) => reply.replyId === current?.replyId && current.audible);
  const { committed } = state.turns;
  const nth = committed.findIndex((turn) => turn.turnId === turnId);
  return committed
    .slice(0, Math.max(0, nth))
    .filter((turn) => !(audible?.cause.kind === "turn" && audible.cause.turnId === turn.turnId))
    .map((turn) => ({ type: "turn-skipped", turnId: turn.turnId, reason: "superseded" }));
}

/** The author did not answer in time: it is to be answered. */
function reviewOver(state: RuleState, deadline: string): Decision[] {
  return deadline.startsWith("review:") ? supersede(state, deadline.slice("review:".length)) : [];
}

function overdue(own: TurnsState, fact: FactOf<"deadline-passed">, state: RuleState): TurnsState {
  const [kind, turnId = "", index = "0"] = fact.deadline.split(":");
  if (kind === "transcript") {
    const part = own.open.find((turn) => turn.turnId === turnId)?.segments[Number(index)];
    return part?.status === "requested" ? inSegment(own, turnId, Number(index), { status: "failed" }) : own;
  }
  if (kind === "turn-long") {
    const turn = own.open.find((candidate) => candidate.turnId === turnId);
    if (turn?.segments[Number(index)]?.status !== "speaking") return own;
    return spoken(own, turn.participantId, (candidate) => endSpeech(candidate, fact.at));
  }
  if (kind === "review") {
    const turn = state.turns.committed.find((candidate) => candidate.turnId === turnId);
    return turn?.status === "review" ? inCommitted(own, turnId, { status: "ready" }) : own;
  }
  return own;
}

/** How its reply ended is how the turn ends; a reply that was only set aside leaves it to be answered. */
function answered(state: RuleState, fact: FactOf<"reply-finished"> | FactOf<"reply-discarded">): Decision[] {
  const { turnId, failed, replyId } = fact;
  if (turnId === null || !state.turns.committed.some((turn) => turn.turnId === turnId)) return [];
  if (failed !== null) return [{ type: "turn-failed", turnId, stage: failed }];
  return fact.type === "reply-finished" ? [{ type: "turn-replied", turnId, replyId }] : [];
}

/** Words that were said are kept, even when nobody answers them any more. */
function callEnded(state: RuleState): Decision[] {
  const { current } = state.playback;
  const audible = state.replies.active.find((reply) => reply.replyId === current?.replyId && current.audible);
  return [
    ...state.turns.open.map((turn) => commit(turn, state)),
    ...state.turns.committed
      .filter((turn) => !(audible?.cause.kind === "turn" && audible.cause.turnId === turn.turnId))
      .map((turn) => ({ type: "turn-skipped" as const, turnId: turn.turnId, reason: "call-ended" as const })),
  ];
}
