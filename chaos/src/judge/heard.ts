import type { StoredFact } from "@parley/store";
import type { Sound } from "./timeline.ts";

/** A reply that was being heard when its process went: by the log, from which its next owner took it up, and by ear. */
export interface CutReply {
  loggedMs: number;
  /** Without what the jitter buffer made up when nothing came any more. */
  earMs: number;
  /** From its last checkpoint in the log to the fault: what sounded since then the log could not know. */
  unloggedMs: number;
}

/** Its sound comes out of the caller's jitter buffer within this time after the log says that it began. */
const EARLIEST_MS = -60;
const LATEST_MS = 700;

/**
 * The replies that recoveries after `faultAt` found unfinished, with what the caller's ear really got of each: all sound
 * from its beginning until the next voice. One whose beginning runs into other sound is left out: nobody could tell.
 */
export function cutReplies(
  facts: readonly StoredFact[],
  heard: { spans: readonly Sound[]; voices: readonly number[] },
  faultAt: number,
): CutReply[] {
  const begun = new Map<unknown, number>();
  const toldAt = new Map<unknown, number>();
  const found: CutReply[] = [];
  let offset = 0;
  let recovery: { epoch: number; at: number } | null = null;
  for (const fact of facts) {
    if (fact.type === "call-started" || fact.type === "call-recovered") offset = Number(fact.wallMs) - fact.at;
    const at = offset + fact.at;
    if (fact.type === "call-recovered") recovery = at > faultAt ? { epoch: fact.epoch, at } : null;
    if (fact.type === "playback-started") begun.set(fact.replyId, at);
    if (fact.type.startsWith("playback-")) toldAt.set(fact.replyId, at);
    if (fact.type !== "reply-finished") continue;
    const from = begun.get(fact.replyId);
    begun.delete(fact.replyId);
    // One that began before the recovery and is ended in its epoch was cut by the fault.
    if (from === undefined || recovery === null || recovery.epoch !== fact.epoch || from > recovery.at) continue;
    const recoveredAt = recovery.at;
    const until = heard.voices.find((voice) => voice > recoveredAt) ?? Number.POSITIVE_INFINITY;
    const first = heard.spans.find((span) => span.to > from);
    if (!first || first.from < from + EARLIEST_MS || first.from > from + LATEST_MS) continue;
    const sounds = heard.spans.filter((span) => span.from >= first.from && span.from < until);
    const earMs = sounds.reduce((sum, span) => sum + Math.min(span.to - span.fadedMs, until) - span.from, 0);
    if (!Number.isFinite(earMs)) continue;
    const unloggedMs = Math.max(0, faultAt - (toldAt.get(fact.replyId) ?? from));
    found.push({
      loggedMs: Math.round(Number(fact.heardMs)),
      earMs: Math.round(earMs),
      unloggedMs: Math.round(unloggedMs),
    });
  }
  return found;
}
