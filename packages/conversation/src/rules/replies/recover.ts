import type { Decision, FactOf, ReplyCause } from "../../facts/index.ts";
import { splitHeard } from "../heard.ts";
import type { RuleState } from "../state.ts";
import { discard, end, request, say } from "./decisions.ts";

/**
 * A new process: what nobody heard is said anew, what was cut is taken up from what was heard. Asked for before the
 * old ones end: their ends lead to more requests. (Answers to turns are asked for anew by the rule for turns.)
 */
export function recover(state: RuleState, { farewell }: FactOf<"call-recovered">): readonly Decision[] {
  const { current } = state.playback;
  const requests: Decision[] = [];
  const ends: Decision[] = [];
  for (const reply of state.replies.active) {
    const cut = reply.replyId === current?.replyId && current.audible;
    ends.push(cut ? end(state, reply.replyId) : discard(reply, "recovered"));
    // Given sound died with the process: what was heard of it stands, and nobody makes words of the rest.
    const isGone = reply.sound !== undefined;
    const over = isGone || reply.failed !== null || (cut && current.phase === "stopping");
    if (over || farewell || state.muted || state.closing.phase === "closing") continue;
    const unheard = reply.cause.kind === "turn" ? null : reply.text;
    const rest = cut ? splitHeard(reply.sentences, current.heardMs).rest : unheard;
    if (rest === null || rest === "") continue;
    const cause: ReplyCause = cut ? { kind: "resume", replyId: reply.replyId } : reply.cause;
    const nth = requests.length + 1;
    requests.push(request(state, cause, rest, { interruptible: reply.interruptible, nth }));
  }
  const cause = { kind: "say", by: "recovery" } as const;
  const goodbye =
    state.closing.farewell === "due" && farewell ? say(state, cause, farewell.text, { interruptible: false }) : [];
  return [...goodbye, ...requests, ...ends];
}
