import type { Fact, Failure } from "@parley/conversation";
import type { Measurement } from "../catalogue/index.ts";
import { measured } from "./measurement.ts";
import type { Part } from "./part.ts";
import { recent } from "./recent.ts";

/** What failed, by stage and code; tools besides, how long they took. */
export function watchFailures(): Part {
  const started = recent<number>();

  function tool(toolCallId: string, at: number, outcome: "finished" | "failed"): Measurement[] {
    const since = started.take(toolCallId);
    return since === undefined ? [] : [measured("tool_latency", at - since, { outcome })];
  }

  return (fact: Fact): Measurement[] => {
    switch (fact.type) {
      case "transcript-failed":
        return [...failed("stt", fact.error), integration("stt")];
      case "reply-failed":
        return [...failed(fact.stage, fact.error), ...(fact.stage === "playback" ? [] : [integration(fact.stage)])];
      case "tool-started":
        started.put(fact.toolCallId, fact.at);
        return [];
      case "tool-finished":
        return tool(fact.toolCallId, fact.at, "finished");
      case "tool-failed":
        return [...tool(fact.toolCallId, fact.at, "failed"), ...failed("tool", fact.error), integration("tool")];
      case "track-failed":
        return [error("track-failed", "track", true)];
      case "error-occurred":
        // `hook:onEnter` and the like: the name behind it is the author's.
        return [error(fact.error.code, fact.source.split(":")[0] ?? "", fact.recoverable)];
      default:
        return [];
    }
  };
}

const failed = (source: string, { code, retryable }: Failure): Measurement[] => [error(code, source, retryable)];
const error = (type: string, source: string, recoverable: boolean): Measurement =>
  measured("errors", 1, { type, source, recoverable: String(recoverable) });
const integration = (name: string): Measurement => measured("integration_errors", 1, { integration: name });
