import type { Fact } from "@parley/conversation";
import type { Measurement } from "../catalogue/index.ts";

/** What the agent's providers are called, as `vendor/model`; facts say it only of what was used. */
export interface Models {
  stt: string;
  llm: string;
  tts: string;
}

/** Follows one concern of one call: what a fact says of it, given those before. */
export type Part = (fact: Fact) => Measurement[];
