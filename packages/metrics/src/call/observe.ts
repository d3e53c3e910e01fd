import type { Fact } from "@parley/conversation";
import type { Measurement } from "../catalogue/index.ts";
import { watchFailures } from "./failures.ts";
import { watchLife } from "./life.ts";
import type { Models, Part } from "./part.ts";
import { watchReplies } from "./replies.ts";
import { watchSpeech } from "./speech.ts";
import { watchTurns } from "./turns.ts";

/**
 * What each fact of one call says in measurements. Pure: the same facts say the same, and what is remembered between them is
 * bounded. A call that is followed from its middle, as after a recovery, says nothing of what it does not know.
 */
export function observeCall(agent: string, models: Models): Part {
  const parts = [watchLife(agent), watchSpeech(models), watchReplies(models), watchTurns(), watchFailures()];
  return (fact: Fact): Measurement[] => parts.flatMap((part) => part(fact));
}
