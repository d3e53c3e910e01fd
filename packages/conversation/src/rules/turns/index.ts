import type { Concern, Deadline, TurnsState } from "../state.ts";
import { isListenedTo, isSettled } from "../views.ts";
import { committedTurn, countWasted, inCommitted, isInReview } from "./committed.ts";
import { commit, commitDue, endpointDue, endpointId } from "./endpoint.ts";
import { opened, requestTranscripts, typed } from "./opening.ts";
import { answered, callEnded, leftUnanswered, outcome, reviewOver, supersede } from "./outcome.ts";
import { overdue } from "./overdue.ts";
import { pauseCutOff, pauseInTurn } from "./pauses.ts";
import { predicted } from "./predicted.ts";
import { endSpeech, goOn, inSegment, isSpeaking, openTurn, spoken, spokenTurn } from "./segments.ts";

/** Turn-taking: opened -> committed -> replied | skipped | failed; exactly one of the last three. */
export const turns: Concern<TurnsState> = {
  initial: { opened: 0, open: [], committed: [], pauses: {} },
  evolve(own, fact, state) {
    switch (fact.type) {
      case "turn-opened":
        return pauseCutOff({ ...own, opened: own.opened + 1, open: [...own.open, openTurn(fact)] }, fact, state);
      case "speech-started":
        return spoken(pauseInTurn(own, fact, state), fact.participantId, (turn) =>
          isSpeaking(turn) ? turn : goOn(turn, fact),
        );
      case "speech-ended":
        return spoken(own, fact.participantId, (turn) => endSpeech(turn, fact.endMs, fact.whole));
      case "participant-left":
        return spoken(own, fact.participantId, (turn) => endSpeech(turn, fact.at));
      case "transcript-requested":
        return inSegment(own, fact, { status: "requested", requestedAt: fact.at });
      case "transcript-final":
        return inSegment(own, fact, {
          status: "final",
          text: fact.text.trim(),
          understood: fact.understood,
        });
      case "transcript-failed":
        return inSegment(own, fact, { status: "failed" });
      case "turn-end-predicted":
        return predicted(own, fact);
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
      case "turn-end-predicted":
      case "network-changed":
        return commitDue(state, null);
      case "call-recovered":
        return fact.farewell ? leftUnanswered(state) : commitDue(state, null);
      case "turn-committed":
        return outcome(state, fact.turnId);
      case "turn-reviewed":
        // Later than it was waited for: the reply is on its way.
        if (fact.verdict === "reply") return supersede(state, fact.turnId);
        return isInReview(state, fact.turnId) ? [{ type: "turn-skipped", turnId: fact.turnId, reason: "author" }] : [];
      case "reply-finished":
      case "reply-discarded":
        return answered(state, fact);
      case "mute-changed":
        return fact.muted ? leftUnanswered(state, "muted") : [];
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
      if (due !== null) list.push({ id: endpointId(turn), at: due, silenceOf: turn.participantId });
      turn.segments.forEach((part, index) => {
        if (part.status === "requested")
          list.push({
            id: `transcript:${turn.turnId}:${index}:${part.takes}`,
            at: part.requestedAt + bounds.transcriptMs,
          });
        if (part.status === "speaking")
          list.push({ id: `turn-long:${turn.turnId}:${index}:${part.takes}`, at: part.startMs + bounds.turnMs });
      });
    }
    for (const turn of state.turns.committed)
      if (turn.status === "review") list.push({ id: `review:${turn.turnId}`, at: turn.committedAt + bounds.reviewMs });
    return list;
  },
};
