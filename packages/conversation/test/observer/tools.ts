import type { Fact } from "../../src/facts/index.ts";
import { isApproved, type Ledger, must } from "./ledger.ts";

/** Started once (effects only for an approved reply), ended once, none left running behind its reply's back. */
export function tools(ledger: Ledger, fact: Fact): void {
  switch (fact.type) {
    case "tool-called": {
      const { toolCallId, replyId, effectful } = fact;
      if (ledger.tools.has(toolCallId)) return;
      ledger.tools.set(toolCallId, { toolCallId, replyId, effectful, status: "called", startedAt: 0, started: false });
      return;
    }
    case "tool-started": {
      const call = ledger.tools.get(fact.toolCallId);
      must(call?.status === "called", "tool-starts-once", fact, `${fact.toolCallId} is ${call?.status ?? "unknown"}`);
      const reply = ledger.replies.get(call.replyId);
      must(reply !== undefined && reply.phase !== "over", "tool-ends-once", fact, "its reply is over");
      must(ledger.closing === "open", "closing-is-quiet", fact, "a tool is started while the call closes");
      if (call.effectful)
        must(isApproved(ledger, reply), "effects-only-when-approved", fact, `${call.replyId} is not approved`);
      call.status = "started";
      call.started = true;
      call.startedAt = fact.at;
      ledger.runningTools.add(call);
      return;
    }
    case "tool-cancelled":
      must(ledger.tools.get(fact.toolCallId)?.status !== "ended", "tool-ends-once", fact, "it has ended already");
      end(ledger, fact.toolCallId);
      return;
    case "tool-finished":
    case "tool-failed":
      end(ledger, fact.toolCallId);
      return;
  }
}

function end(ledger: Ledger, toolCallId: string): void {
  const call = ledger.tools.get(toolCallId);
  if (!call || call.status === "ended") return;
  ledger.runningTools.delete(call);
  call.status = "ended";
}
