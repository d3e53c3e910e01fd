import type { Fact, FactOf } from "../facts/index.ts";
import type { Message, ToolCallPart } from "../message.ts";
import { heardParts, type SpokenSentence } from "../rules/heard.ts";
import type { Settings } from "../settings.ts";

/** What was really said and heard, as it grows with the log. */
export interface History {
  /** In the order in which it became true. */
  readonly entries: readonly Entry[];
}

type Entry =
  | { kind: "user"; turnId: string; participantId: string; text: string }
  | { kind: "reply"; reply: HistoryReply };

interface HistoryReply {
  replyId: string;
  sentences: readonly (SpokenSentence & { index: number; step: number })[];
  /** Model calls; tools asked for in step n come after its sentences. */
  step: number;
  tools: readonly HistoryTool[];
  heardMs: number;
  /** Text only: it was shown, so all of it counts. */
  read: boolean;
  interrupted: boolean;
  /** Nothing more is added to what it says. */
  over: boolean;
}

interface HistoryTool {
  step: number;
  call: ToolCallPart;
  effectful: boolean;
  started: boolean;
  result: unknown;
  outcome: "none" | "cancelled" | "known";
}

/** The history's growth; `pending` holds replies of which nothing was heard yet. */
export interface HistoryState extends History {
  readonly pending: readonly HistoryReply[];
  readonly mode: Settings["mode"];
  /** What people called themselves when they joined, by participantId. */
  readonly names: Readonly<Record<string, string>>;
}

export const emptyHistory: HistoryState = { entries: [], pending: [], mode: "voice", names: {} };

/** Adds a fact. Pure. */
export function evolveHistory(history: HistoryState, fact: Fact): HistoryState {
  switch (fact.type) {
    case "call-started":
      return { ...history, mode: fact.settings.mode };
    case "participant-joined":
      return { ...history, names: { ...history.names, [fact.participantId]: fact.name } };
    case "turn-committed":
      // A speech-to-speech model tells the words later: their place is kept.
      return fact.text === "" && history.mode !== "realtime" ? history : withUser(history, fact);
    case "turn-reviewed":
      return fact.text === undefined ? history : rewrite(history, fact.turnId, fact.text);
    case "turn-skipped":
      // A back-channel is not something to answer, nor to remember.
      return fact.reason === "back-channel" ? forget(history, fact.turnId) : history;
    case "transcript-final":
      // A speech-to-speech model tells late what it heard.
      return history.mode === "realtime" ? lateTranscript(history, fact) : history;
    case "reply-requested":
      return { ...history, pending: [...history.pending, newReply(fact)] };
    case "reply-sentence":
      return inReply(history, fact.replyId, (reply) => withSentence(reply, fact));
    case "speech-made":
      return inReply(history, fact.replyId, (reply) => ({
        ...reply,
        sentences: reply.sentences.map((sentence) =>
          sentence.index === fact.index ? { ...sentence, ms: fact.ms, words: fact.words } : sentence,
        ),
      }));
    case "tool-called":
      return inReply(history, fact.replyId, (reply) => withTool(reply, fact));
    case "tool-started":
      return inTool(history, fact.toolCallId, (tool) => ({ ...tool, started: true }));
    case "tool-finished":
      return toolDone(history, fact.toolCallId, fact.result, "known");
    case "tool-failed":
      return toolDone(history, fact.toolCallId, { error: fact.error.message }, "known");
    case "tool-cancelled":
      return toolDone(history, fact.toolCallId, { error: `cancelled: ${fact.reason}` }, "cancelled");
    case "reply-continued":
      return inReply(history, fact.replyId, (reply) => ({ ...reply, step: fact.step }));
    case "reply-released":
      return release(history, fact.replyId);
    case "playback-progress":
    case "playback-paused":
    case "playback-stopped":
    case "playback-drained":
      return inReply(history, fact.replyId, (reply) => heard(reply, fact.heardMs));
    case "reply-stopped":
      return inReply(history, fact.replyId, (reply) => ({ ...reply, interrupted: true }));
    case "reply-finished":
      return inReply(history, fact.replyId, (reply) => ({
        ...heard(reply, fact.heardMs),
        read: history.mode === "text",
        over: true,
      }));
    case "reply-discarded":
      return discard(history, fact);
    default:
      return history;
  }
}

/** The messages for a model. `forReply` also shows that reply's own tool steps, heard or not. */
export function messages(history: HistoryState, forReply?: string): Message[] {
  const list = history.entries.flatMap((entry) =>
    entry.kind === "user"
      ? entry.text === ""
        ? []
        : [{ role: "user" as const, text: entry.text, participantId: entry.participantId }]
      : replyMessages(entry.reply, entry.reply.replyId === forReply),
  );
  const own = history.pending.find((reply) => reply.replyId === forReply);
  return own ? [...list, ...replyMessages(own, true)] : list;
}

/** The whole conversation of a log. */
export function historyOf(facts: Iterable<Fact>): Message[] {
  let history = emptyHistory;
  for (const fact of facts) history = evolveHistory(history, fact);
  return messages(history);
}

/** One reply as heard: text of each step, its tool calls, their results. */
function replyMessages(reply: HistoryReply, whole: boolean): Message[] {
  const list: Message[] = [];
  const said =
    whole || reply.read
      ? reply.sentences.map((sentence) => sentence.text)
      : heardParts(reply.sentences, reply.heardMs).map((part) => part.heard);
  for (let step = 0; step <= reply.step; step++) {
    const text = said.filter((part, index) => part !== "" && reply.sentences[index]?.step === step).join(" ");
    const calls = reply.tools.filter((tool) => tool.step === step && tool.outcome !== "none");
    if (text === "" && calls.length === 0) continue;
    list.push({
      role: "assistant",
      text,
      ...(calls.length > 0 ? { toolCalls: calls.map((tool) => tool.call) } : {}),
      ...(reply.interrupted ? { interrupted: true } : {}),
    });
    for (const tool of calls)
      list.push({ role: "tool", toolCallId: tool.call.toolCallId, tool: tool.call.tool, result: tool.result });
  }
  return list;
}

function newReply({ replyId }: FactOf<"reply-requested">): HistoryReply {
  return { replyId, sentences: [], step: 0, tools: [], heardMs: 0, read: false, interrupted: false, over: false };
}

/** Once, and only while the reply is not over. */
function withSentence(reply: HistoryReply, { index, text }: FactOf<"reply-sentence">): HistoryReply {
  if (reply.over || reply.sentences.some((sentence) => sentence.index === index)) return reply;
  return { ...reply, sentences: [...reply.sentences, { index, step: reply.step, text, ms: null }] };
}

function withTool(reply: HistoryReply, fact: FactOf<"tool-called">): HistoryReply {
  const { step, toolCallId, tool, args, effectful } = fact;
  if (reply.tools.some((known) => known.call.toolCallId === toolCallId)) return reply;
  const call = { toolCallId, tool, args };
  return {
    ...reply,
    tools: [...reply.tools, { step, call, effectful, started: false, result: null, outcome: "none" }],
  };
}

/** Reports that come late or twice take nothing back. */
function heard(reply: HistoryReply, heardMs: number): HistoryReply {
  return heardMs > reply.heardMs ? { ...reply, heardMs } : reply;
}

/** Never heard; but what it did in the world is remembered, behind the turn that asked for it. */
function discard(history: HistoryState, { replyId, turnId }: FactOf<"reply-discarded">): HistoryState {
  const reply = history.pending.find((candidate) => candidate.replyId === replyId);
  if (!reply) return inReply(history, replyId, (released) => ({ ...released, over: true }));
  const pending = history.pending.filter((candidate) => candidate !== reply);
  if (!reply.tools.some((tool) => tool.effectful && tool.started)) return { ...history, pending };
  const asked = history.entries.findIndex((entry) => entry.kind === "user" && entry.turnId === turnId);
  const at = asked < 0 ? history.entries.length : asked + 1;
  const entry: Entry = { kind: "reply", reply: { ...reply, over: true } };
  return { ...history, pending, entries: history.entries.toSpliced(at, 0, entry) };
}

function withUser(history: HistoryState, fact: FactOf<"turn-committed">): HistoryState {
  const { turnId, participantId, text } = fact;
  return { ...history, entries: [...history.entries, { kind: "user", turnId, participantId, text }] };
}

function rewrite(history: HistoryState, turnId: string, text: string): HistoryState {
  return {
    ...history,
    entries: history.entries.map((entry) =>
      entry.kind === "user" && entry.turnId === turnId ? { ...entry, text } : entry,
    ),
  };
}

function forget(history: HistoryState, turnId: string): HistoryState {
  return { ...history, entries: history.entries.filter((entry) => entry.kind !== "user" || entry.turnId !== turnId) };
}

function lateTranscript(history: HistoryState, fact: FactOf<"transcript-final">): HistoryState {
  return history.entries.some((entry) => entry.kind === "user" && entry.turnId === fact.turnId && entry.text === "")
    ? rewrite(history, fact.turnId, fact.text.trim())
    : history;
}

function release(history: HistoryState, replyId: string): HistoryState {
  const reply = history.pending.find((candidate) => candidate.replyId === replyId);
  if (!reply) return history;
  return {
    ...history,
    pending: history.pending.filter((candidate) => candidate !== reply),
    entries: [...history.entries, { kind: "reply", reply }],
  };
}

function inReply(history: HistoryState, replyId: string, change: (reply: HistoryReply) => HistoryReply): HistoryState {
  const waiting = history.pending.findIndex((reply) => reply.replyId === replyId);
  if (waiting >= 0) return { ...history, pending: history.pending.with(waiting, change(history.pending[waiting]!)) };
  const index = history.entries.findLastIndex((entry) => entry.kind === "reply" && entry.reply.replyId === replyId);
  const entry = history.entries[index];
  if (entry?.kind !== "reply") return history;
  return { ...history, entries: history.entries.with(index, { kind: "reply", reply: change(entry.reply) }) };
}

/** A tool that answers after it was cancelled has done its work all the same. */
function toolDone(
  history: HistoryState,
  toolCallId: string,
  result: unknown,
  outcome: "cancelled" | "known",
): HistoryState {
  return inTool(history, toolCallId, (tool) =>
    tool.outcome === "none" || (tool.outcome === "cancelled" && outcome === "known")
      ? { ...tool, result, outcome }
      : tool,
  );
}

function inTool(history: HistoryState, toolCallId: string, change: (tool: HistoryTool) => HistoryTool): HistoryState {
  const has = (reply: HistoryReply) => reply.tools.some((tool) => tool.call.toolCallId === toolCallId);
  const owner =
    history.pending.find(has) ??
    history.entries.flatMap((entry) => (entry.kind === "reply" ? [entry.reply] : [])).find(has);
  if (!owner) return history;
  return inReply(history, owner.replyId, (reply) => ({
    ...reply,
    tools: reply.tools.map((tool) => (tool.call.toolCallId === toolCallId ? change(tool) : tool)),
  }));
}
