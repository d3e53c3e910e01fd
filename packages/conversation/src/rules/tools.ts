import type { Decision, FactOf } from "../facts/index.ts";
import type { Concern, RuleState, ToolCall, ToolsState } from "./state.ts";
import { update } from "./state.ts";
import { isApproved, replyById, unfinishedTools } from "./views.ts";

/** Tools of replies: started once, never in speculation when they do something, cancelled with their reply. */
export const tools: Concern<ToolsState> = {
  initial: { calls: [] },
  evolve(own, fact, state) {
    switch (fact.type) {
      case "tool-called":
        if (!state.replies.active.some((reply) => reply.replyId === fact.replyId)) return own;
        return own.calls.some((call) => call.toolCallId === fact.toolCallId)
          ? own
          : { calls: [...own.calls, called(fact)] };
      case "tool-started":
        return set(own, fact.toolCallId, { status: "started", startedAt: fact.at });
      case "tool-finished":
      case "tool-failed":
      case "tool-cancelled":
        return ended(own, fact.toolCallId, state);
      case "reply-finished":
      case "reply-discarded": {
        // What still runs is cancelled first.
        const calls = own.calls.filter((call) => call.replyId !== fact.replyId || call.status === "started");
        return calls.length === own.calls.length ? own : { calls };
      }
      default:
        return own;
    }
  },
  decide(state, fact) {
    switch (fact.type) {
      case "tool-called":
      case "turn-committed":
      case "turn-reviewed":
        return start(state);
      case "deadline-passed": {
        const [kind, toolCallId] = split(fact.deadline);
        const call = state.tools.calls.find((candidate) => candidate.toolCallId === toolCallId);
        const late: Decision[] =
          kind === "tool" && call?.status === "started" ? [cancel(call, "no answer in time")] : [];
        return [...late, ...start(state)];
      }
      case "reply-stopped":
        return unfinishedTools(state, fact.replyId).map((call) => cancel(call, "reply stopped"));
      case "reply-finished":
      case "reply-discarded":
        return unfinishedTools(state, fact.replyId).map((call) => cancel(call, "reply over"));
      case "reply-failed":
        return unfinishedTools(state, fact.replyId).map((call) => cancel(call, "reply failed"));
      case "turn-skipped":
        return state.tools.calls
          .filter((call) => call.status !== "done" && answers(state, call.replyId, fact.turnId))
          .map((call) => cancel(call, "turn skipped"));
      case "call-closing":
        return state.tools.calls.filter((call) => call.status !== "done").map((call) => cancel(call, "call ended"));
      case "call-recovered":
        return state.tools.calls
          .filter((call) => call.status === "started")
          .map((call) => cancel(call, call.effectful ? "outcome-unknown" : "process died"));
      default:
        return [];
    }
  },
  deadlines(state) {
    return state.tools.calls
      .filter((call) => call.status === "started")
      .map((call) => ({ id: `tool:${call.toolCallId}`, at: call.startedAt + state.settings.bounds.toolMs }));
  },
};

function start(state: RuleState): Decision[] {
  if (state.closing.phase === "closing") return [];
  return state.tools.calls
    .filter((call) => call.status === "called" && mayRun(state, call))
    .map((call) => ({
      type: "tool-started",
      toolCallId: call.toolCallId,
      replyId: call.replyId,
      idempotencyKey: `${state.callId}:${call.replyId}:${call.toolCallId}`,
    }));
}

function mayRun(state: RuleState, call: ToolCall): boolean {
  const reply = state.replies.active.find((candidate) => candidate.replyId === call.replyId);
  return reply !== undefined && (!call.effectful || isApproved(state, reply));
}

function answers(state: RuleState, replyId: string, turnId: string): boolean {
  const cause = state.replies.active.find((reply) => reply.replyId === replyId)?.cause;
  return cause?.kind === "turn" && cause.turnId === turnId;
}

function called(fact: FactOf<"tool-called">): ToolCall {
  const { toolCallId, replyId, step, tool, effectful } = fact;
  return { toolCallId, replyId, step, tool, effectful, status: "called", startedAt: 0 };
}

function set(own: ToolsState, toolCallId: string, to: Partial<ToolCall>): ToolsState {
  const calls = update(
    own.calls,
    (call) => call.toolCallId === toolCallId && call.status !== "done",
    (call) => ({ ...call, ...to }),
  );
  return calls === own.calls ? own : { calls };
}

/** Remembered while its reply goes on: the model is asked again when all of a step are done. */
function ended(own: ToolsState, toolCallId: string, state: RuleState): ToolsState {
  const replyId = own.calls.find((call) => call.toolCallId === toolCallId)?.replyId;
  if (replyById(state, replyId)) return set(own, toolCallId, { status: "done" });
  return replyId === undefined ? own : { calls: own.calls.filter((call) => call.toolCallId !== toolCallId) };
}

function cancel(call: ToolCall, reason: string): Decision {
  return { type: "tool-cancelled", toolCallId: call.toolCallId, reason };
}

function split(deadline: string): [string, string] {
  const colon = deadline.indexOf(":");
  return [deadline.slice(0, colon), deadline.slice(colon + 1)];
}
