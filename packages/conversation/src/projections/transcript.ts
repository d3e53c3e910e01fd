import type { Fact } from "../facts/index.ts";
import { heardParts } from "../rules/heard.ts";
import { emptyHistory, evolveHistory, type History } from "./history.ts";
import { timelineOf } from "./timeline.ts";

/** What one of them said, in one go. Times are call time in ms. */
export interface TranscriptTurn {
  speaker: "user" | "agent";
  /** Null: the agent. */
  participantId: string | null;
  /** As that one called himself on joining. */
  name: string | null;
  text: string;
  startMs: number;
  endMs: number;
  /** It was cut off: the text is what was heard. */
  interrupted: boolean;
}

export interface TranscriptTool {
  toolCallId: string;
  tool: string;
  args: unknown;
  startMs: number;
  /** Null: it has not answered. */
  endMs: number | null;
  outcome: "running" | "finished" | "failed" | "cancelled";
  /** What it answered, or why it did not. */
  result: unknown;
}

export interface Transcript {
  /** In the order in which they became true, as the model's history has them. */
  turns: TranscriptTurn[];
  tools: TranscriptTool[];
}

/** The facts that a transcript is made of. */
export const transcriptTypes = [
  "call-started",
  "participant-joined",
  "turn-opened",
  "turn-committed",
  "turn-reviewed",
  "turn-skipped",
  "transcript-final",
  "reply-requested",
  "reply-released",
  "reply-sentence",
  "reply-continued",
  "reply-stopped",
  "reply-finished",
  "reply-discarded",
  "speech-made",
  "playback-started",
  "playback-progress",
  "playback-paused",
  "playback-stopped",
  "playback-drained",
  "tool-called",
  "tool-started",
  "tool-finished",
  "tool-failed",
  "tool-cancelled",
] as const satisfies readonly Fact["type"][];

/** Who said what, as it was really heard. */
export function transcriptOf(facts: readonly Fact[]): Transcript {
  let history = emptyHistory;
  for (const fact of facts) history = evolveHistory(history, fact);
  const turns = new Map(timelineOf(facts).map((turn) => [turn.turnId, turn]));
  const replies = soundOf(facts);
  const said = history.entries.map((entry): TranscriptTurn => {
    if (entry.kind === "user") {
      const { startAt = 0, speechEndAt = 0 } = turns.get(entry.turnId) ?? {};
      const { participantId, text } = entry;
      const who = { participantId, name: history.names[participantId] || null };
      return { speaker: "user", ...who, text, startMs: startAt, endMs: speechEndAt, interrupted: false };
    }
    const { replyId, interrupted } = entry.reply;
    const text = textOf(entry);
    const { startMs = 0, endMs = startMs } = replies.get(replyId) ?? {};
    return { speaker: "agent", participantId: null, name: null, text, startMs, endMs, interrupted };
  });
  return { turns: said.filter(({ text }) => text !== ""), tools: toolsOf(facts) };
}

/** What was said so far, in order, as a transcript has it. */
export function saidSoFar(history: History): string[] {
  return history.entries.map(textOf).filter((text) => text !== "");
}

/** Of a reply, what was heard of it, or read. */
function textOf(entry: History["entries"][number]): string {
  if (entry.kind === "user") return entry.text;
  const { sentences, heardMs, read } = entry.reply;
  const parts = read ? sentences.map(({ text }) => text) : heardParts(sentences, heardMs).map(({ heard }) => heard);
  return parts.filter((part) => part !== "").join(" ");
}

/** From when to when each reply sounded; of one that was only shown, when that was. */
function soundOf(facts: readonly Fact[]): Map<string, { startMs: number; endMs: number }> {
  const replies = new Map<string, { startMs: number; endMs: number }>();
  for (const fact of facts) {
    switch (fact.type) {
      case "reply-released":
      case "playback-started":
        if (fact.type === "playback-started" || !replies.has(fact.replyId))
          replies.set(fact.replyId, { startMs: fact.at, endMs: fact.at });
        break;
      case "playback-progress":
      case "playback-paused":
      case "playback-stopped":
      case "playback-drained": {
        const reply = replies.get(fact.replyId);
        if (reply) reply.endMs = fact.at;
        break;
      }
    }
  }
  return replies;
}

function toolsOf(facts: readonly Fact[]): TranscriptTool[] {
  const tools = new Map<string, TranscriptTool>();
  const ended = (fact: { toolCallId: string; at: number }, outcome: TranscriptTool["outcome"], result: unknown) => {
    const tool = tools.get(fact.toolCallId);
    if (tool) tools.set(fact.toolCallId, { ...tool, endMs: fact.at, outcome, result });
  };
  for (const fact of facts) {
    if (fact.type === "tool-called" && !tools.has(fact.toolCallId)) {
      const { toolCallId, tool, args, at } = fact;
      tools.set(toolCallId, { toolCallId, tool, args, startMs: at, endMs: null, outcome: "running", result: null });
    } else if (fact.type === "tool-finished") ended(fact, "finished", fact.result);
    else if (fact.type === "tool-failed") ended(fact, "failed", fact.error.message);
    else if (fact.type === "tool-cancelled") ended(fact, "cancelled", fact.reason);
  }
  return [...tools.values()];
}
