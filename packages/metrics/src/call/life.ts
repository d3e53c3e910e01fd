import { endedInFailure, type Fact } from "@parley/conversation";
import type { Measurement } from "../catalogue/index.ts";
import { measured } from "./measurement.ts";
import type { Part } from "./part.ts";

/** How a call begins, goes on elsewhere, and ends. */
export function watchLife(agent: string): Part {
  return (fact: Fact): Measurement[] => {
    switch (fact.type) {
      case "call-started":
        return [measured("calls_started", 1, { agent })];
      case "call-recovered":
        return [measured("calls_recovered", 1, { agent })];
      case "track-subscribed":
        return fact.kind === "audio" ? [measured("audio_tracks", 1, {})] : [];
      case "call-closed": {
        const outcome = endedInFailure(fact.reason) ? "failure" : "success";
        return [measured("calls_ended", 1, { agent, outcome }), measured("call_duration", fact.at, {})];
      }
      default:
        return [];
    }
  };
}
