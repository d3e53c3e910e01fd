import type { OrderResult } from "@parley/uplink";
import { HttpProblem } from "../http/problem.ts";

const soon = { "retry-after": "1" };

/** What became of a command, for who asked for it. Throws HttpProblem. */
export function orThrow(result: OrderResult, callId: string): OrderResult {
  if (!result.ok) throw refusal(result, callId);
  return result;
}

function refusal({ reason, detail }: OrderResult, callId: string): HttpProblem {
  switch (reason) {
    case "no-owner":
      return notLive(callId);
    case "call-over":
      return new HttpProblem(
        409,
        reason,
        detail ?? "The call is over, or is being handed over: try again in a moment.",
      );
    case "agent-muted":
      return new HttpProblem(409, reason, detail ?? "The agent is muted: unmute it first.");
    case "same-agent":
      return new HttpProblem(409, reason, detail ?? "That agent has the call already.");
    case "transfer-under-way":
      return new HttpProblem(409, reason, detail ?? "The call is being handed to another agent already.");
    case "not-handed-over":
      return new HttpProblem(503, "agent-not-reached", detail ?? "No worker of that agent took the call.", soon);
    case "agent-not-here":
    case "speaks-realtime":
      return new HttpProblem(409, reason, detail ?? "The call's worker does not run that agent.");
    case "template-variable-missing":
      return new HttpProblem(422, reason, detail ?? "The agent's templates name what this call does not have.");
    case "language-unsupported":
      return new HttpProblem(422, reason, detail ?? "The agent does not take this language.");
    case "recording-off":
      return new HttpProblem(409, reason, detail ?? "This call is not to be recorded.");
    case "consent-missing":
      return new HttpProblem(409, reason, detail ?? "The caller has not agreed to being recorded.");
    case "not-recording":
      return new HttpProblem(409, reason, detail ?? "The call is not being recorded: start it first.");
    case "too-much-to-say":
      return new HttpProblem(429, reason, detail ?? "Too many requests wait to be said.", { "retry-after": "5" });
    case "args-too-large":
      return new HttpProblem(413, reason, "This is more than a call can be told: send less.");
    case "owner-away":
    case "not-here":
      return new HttpProblem(503, "owner-away", "The call is changing hands: try again in a moment.", soon);
    case "line-lost":
    case "no-answer":
    case "shard-ended":
      // Whoever asks again with say may be heard twice: the log shows whether it was done.
      return new HttpProblem(
        503,
        "outcome-unknown",
        "The call's worker did not answer in time. Whether it was done is in the call's log: look before you ask again.",
        soon,
      );
    default:
      return new HttpProblem(503, "not-carried-out", `The call's worker refused: ${detail ?? reason}`, soon);
  }
}

export function notLive(callId: string): HttpProblem {
  return new HttpProblem(409, "call-not-live", `The call ${JSON.stringify(callId)} is not live: nothing can be done.`);
}

/** Its room or a token for it is made, and nothing of its log has come yet. */
export function starting(callId: string): HttpProblem {
  const detail = `The call ${JSON.stringify(callId)} has not begun: its room is there, its agent is not. Try again in a moment.`;
  return new HttpProblem(409, "call-starting", detail, soon);
}
