import { type AgentTool, INTENT_TOOL } from "@parley/engine";
import { z } from "zod";
import { tool } from "./tool.ts";

/** What a caller may want, as the agent is to tell it. */
export interface Intent {
  name: string;
  /** Tells the model when it is this one. */
  description: string;
}

/** Has the model say what the caller wants, before it answers: whoever asked for the turn is given it. Changes nothing. */
export function intentTool(intents: readonly Intent[]): AgentTool {
  const list = intents.map(({ name, description }) => `${name}: ${description}`).join("; ");
  return tool({
    name: INTENT_TOOL,
    description: `Call this once for each thing that the caller says, before you answer, with what the caller wants. ${list}`,
    parameters: z.object({ intent: z.enum(intents.map(({ name }) => name)) }),
    readOnly: true,
    execute: () => ({ noted: true }),
  });
}
