import type { Fact } from "@parley/conversation";

/** Decisions that empty the queue: what was in it is not heard any more. */
const SILENCING: ReadonlySet<Fact["type"]> = new Set(["reply-paused", "reply-stopped", "reply-discarded"]);

/**
 * The checkpoint that a process could not make because it stood still: its voice has threads of its own, so what waited
 * in the transport's queue was heard to its end. To be written behind `facts`, whose last one is its moment. Null when
 * nothing was sounding.
 */
export function checkpointAfter(facts: readonly Fact[], epoch: number): Fact | null {
  const last = facts.at(-1);
  const told = facts.findLast(({ type }) => type.startsWith("playback-") || SILENCING.has(type));
  if (!last || told?.type !== "playback-progress" || told.queuedMs === undefined) return null;
  const { callId, version, replyId, heardMs, queuedMs } = told;
  const envelope = { callId, epoch, seq: last.seq + 1, at: last.at, version };
  return { ...envelope, type: "playback-progress", replyId, heardMs: heardMs + queuedMs, queuedMs: 0 };
}
